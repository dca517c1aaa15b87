// What a person must hear: one banner for every answer that could not be shown, short-lived
// messages after a swap, and one polite line for screen readers. Other modules speak here by
// sending "holdfast:say" to the document.

const words = document.getElementById("words").content;
const TOAST = 10000;

function banner(text) {
  const box = words.querySelector("[data-word=banner]").cloneNode(true);
  box.querySelector("[data-say]").textContent = text;
  box.querySelector("[data-close]").addEventListener("click", () => box.remove());
  document.getElementById("banner").replaceChildren(box);
}

const word = (name) => words.querySelector(`[data-word=${name}]`).textContent;
const isPoll = (ctx) => ctx?.sourceElement?.matches("[data-poll]");
// Every fragment of ours is one element with an id.
const isFragment = (text) => /^\s*<[a-z]+\s[^>]*\bid="/i.test(text ?? "");

function sayOf(page) {
  const found = new DOMParser().parseFromString(page ?? "", "text/html");
  const said = [...found.querySelectorAll("main h1, main p")].map((line) => line.textContent.trim());
  return said.filter(Boolean).slice(0, 2).join(" ") || word("unreadable");
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.swap === "none" || ctx.select || isFragment(ctx.text)) return;
  event.preventDefault();
  if (ctx.response.status < 400) location.assign(ctx.response.raw.url);
  else if (!isPoll(ctx)) banner(sayOf(ctx.text));
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx)) return;
  const mayBeDone = ctx && ctx.request.method !== "GET" && navigator.onLine;
  banner(word(mayBeDone ? "unanswered" : "unreachable"));
});

document.addEventListener("htmx:config:request", (event) => {
  if (!isPoll(event.detail.ctx)) document.getElementById("banner").replaceChildren();
});

function say(text) {
  const line = document.getElementById("status");
  line.textContent = "";
  setTimeout(() => (line.textContent = text), 50);
}

document.addEventListener("holdfast:say", (event) => say(event.detail));

let shown;
document.addEventListener("htmx:after:swap", () => {
  const messages = document.querySelector("#messages.toast");
  if (!messages || messages === shown) return;
  shown = messages;
  say(messages.textContent.trim());
  setTimeout(() => messages.replaceChildren(), TOAST);
});
