// Messages of scripts: one banner for every answer that could not be shown, messages that disappear
// after a swap, one while an answer is late, and one polite line for screen readers. Other scripts
// send "holdfast:say" with a text to read out, and "holdfast:banner" with a text or an element to show.

const TOAST = 10000; // milliseconds
const LATE = 1500; // milliseconds
const texts = document.getElementById("script-texts").content;
const place = document.getElementById("banner");

const textOf = (name) => texts.querySelector(`[data-text=${name}]`).textContent.trim();
const isPoll = (ctx) => ctx?.sourceElement?.matches("[data-poll]");
// Every fragment of Holdfast is one element with an id.
const isFragment = (text) => /^\s*<[a-z]+\s[^>]*\bid="/i.test(text ?? "");

function showBanner(content) {
  const banner = texts.querySelector("[data-text=banner]").cloneNode(true);
  const line = banner.querySelector("[data-banner-text]");
  if (content instanceof Element) line.replaceWith(...content.childNodes);
  else line.textContent = content;
  banner.querySelector("[data-close]").addEventListener("click", () => banner.remove());
  place.replaceChildren(banner);
}

// Each text is a line of its own: screen readers read what is added, and wait for the line before.
function say(text) {
  const line = document.createElement("span");
  line.textContent = `${text} `;
  document.getElementById("status").append(line);
  setTimeout(() => line.remove(), TOAST);
}

function markRefusal() {
  const refused = document.querySelector("main .notice.trouble[data-focus-first]");
  const prefix = textOf("error");
  if (refused && !document.title.includes(prefix)) document.title = `${prefix} ${document.title}`;
}

document.addEventListener("holdfast:banner", (event) => showBanner(event.detail));
document.addEventListener("holdfast:say", (event) => say(event.detail));

// The heading and first sentence of an error page.
function summaryOf(page) {
  const found = new DOMParser().parseFromString(page ?? "", "text/html");
  const lines = Array.from(found.querySelectorAll("main h1, main p"), (e) => e.textContent.trim());
  return lines.filter(Boolean).slice(0, 2).join(". ") || textOf("unreadable");
}

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.swap === "none" || ctx.select || isFragment(ctx.text)) return;
  event.preventDefault();
  if (ctx.response.status < 400) location.assign(ctx.response.raw.url);
  else if (!isPoll(ctx)) showBanner(summaryOf(ctx.text));
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx)) return;
  // Without a request of htmx, a form could not be kept: see keep_typed.js.
  const isTyped = !ctx || ctx.sourceElement.closest("[data-typed]");
  // A form without text is soon sent again, so then it counts that it may have arrived.
  const mayBeDone = ctx && ctx.request.method !== "GET" && (navigator.onLine || !isTyped);
  if (mayBeDone) showBanner(textOf("unanswered"));
  else showBanner(textOf(isTyped ? "unreachable-typed" : "unreachable"));
});

document.addEventListener("htmx:config:request", (event) => {
  if (isPoll(event.detail.ctx)) return;
  place.replaceChildren();
  document.querySelector("#messages.toast")?.replaceChildren();
});

// While cal.com is slow, nothing else on the page says that what was pressed is on its way.
const waiting = new Map(); // timers of the requests that have no answer yet

function showLate() {
  if (document.getElementById("late")) return;
  const message = texts.querySelector("[data-text=late]").cloneNode(true);
  message.id = "late";
  document.body.append(message);
  say(message.textContent.trim());
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!isPoll(ctx)) waiting.set(ctx, setTimeout(showLate, LATE));
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  clearTimeout(waiting.get(ctx));
  waiting.delete(ctx);
  if (waiting.size === 0) document.getElementById("late")?.remove();
});

let shown;
document.addEventListener("htmx:after:swap", () => {
  markRefusal();
  const messages = document.querySelector("#messages.toast");
  if (!messages || messages === shown) return;
  shown = messages;
  say(messages.textContent.trim());
  setTimeout(() => messages.matches(":hover, :focus-within") || messages.replaceChildren(), TOAST);
});

markRefusal();
