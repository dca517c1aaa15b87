// What a person must hear: one banner for every answer that could not be shown, short-lived
// messages after a swap, and one polite line for screen readers. Other modules speak here:
// "holdfast:say" reads a text out, "holdfast:banner" shows a text or an element.

const words = document.getElementById("words").content;
const place = document.getElementById("banner");
const TOAST = 10000;

const word = (name) => words.querySelector(`[data-word=${name}]`).textContent;
const isPoll = (ctx) => ctx?.sourceElement?.matches("[data-poll]");
// Every fragment of ours is one element with an id.
const isFragment = (text) => /^\s*<[a-z]+\s[^>]*\bid="/i.test(text ?? "");

function banner(content) {
  const box = words.querySelector("[data-word=banner]").cloneNode(true);
  const line = box.querySelector("[data-say]");
  if (content instanceof Element) line.replaceWith(...content.childNodes);
  else line.textContent = content;
  box.querySelector("[data-close]").addEventListener("click", () => box.remove());
  place.replaceChildren(box);
}

function say(text) {
  const line = document.getElementById("status");
  line.textContent = "";
  setTimeout(() => (line.textContent = text), 50);
}

document.addEventListener("holdfast:banner", (event) => banner(event.detail));
document.addEventListener("holdfast:say", (event) => say(event.detail));

function saidBy(page) {
  const found = new DOMParser().parseFromString(page ?? "", "text/html");
  const said = [...found.querySelectorAll("main h1, main p")].map((line) => line.textContent.trim());
  return said.filter(Boolean).slice(0, 2).join(". ") || word("unreadable");
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.swap === "none" || ctx.select || isFragment(ctx.text)) return;
  event.preventDefault();
  if (ctx.response.status < 400) location.assign(ctx.response.raw.url);
  else if (!isPoll(ctx)) banner(saidBy(ctx.text));
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx)) return;
  const mayBeDone = ctx && ctx.request.method !== "GET" && navigator.onLine;
  banner(word(mayBeDone ? "unanswered" : "unreachable"));
});

document.addEventListener("htmx:config:request", (event) => {
  if (isPoll(event.detail.ctx)) return;
  place.replaceChildren();
  document.querySelector("#messages.toast")?.replaceChildren();
});

let shown;
document.addEventListener("htmx:after:swap", () => {
  const messages = document.querySelector("#messages.toast");
  if (!messages || messages === shown) return;
  shown = messages;
  say(messages.textContent.trim());
  setTimeout(() => messages.replaceChildren(), TOAST);
});
