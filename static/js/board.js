// The board polls while the page is visible, and shows when it is out of date.

const texts = document.getElementById("script-texts").content;
const textOf = (name) => texts.querySelector(`[data-text=${name}]`).textContent;
const board = document.getElementById("board");
const line = document.querySelector("[data-freshness]");
const button = document.querySelector("[data-pause]");
const clock = () => document.querySelector("[data-clock]")?.textContent ?? "";
const isPoll = (event) => event.detail.ctx?.sourceElement === board;
const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

let isPaused = false;
let isWanted = false; // an action needs a refresh, also while updates are paused
let isStale = !window.htmx; // its file may be blocked, or was not received
const stale = isStale ? "blocked" : "stale"; // then nothing tries again
let since = clock();

function show() {
  const name = isPaused ? "paused" : isStale ? stale : "updated";
  line.textContent = textOf(name).replace("{time}", since);
  document.documentElement.toggleAttribute("data-stale", isPaused || isStale);
  button.textContent = textOf(isPaused ? "resume" : "pause");
}

function setFresh(isFresh) {
  if (isFresh && !isPaused) since = clock();
  if (isFresh === !isStale) return;
  isStale = !isFresh;
  show();
  send("holdfast:say", line.textContent);
}

function refresh() {
  isWanted = true;
  window.htmx?.trigger(board, "refresh", {}, false);
}

document.addEventListener("htmx:config:request", (event) => {
  if (!isPoll(event)) return;
  if ((isPaused && !isWanted) || document.hidden) event.preventDefault();
  isWanted = false;
});

document.addEventListener("htmx:after:request", (event) => {
  if (!isPoll(event)) return;
  const { status } = event.detail.ctx.response;
  setFresh(status === 200 || status === 304);
});

document.addEventListener("htmx:error", (event) => {
  if (isPoll(event)) setFresh(false);
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.matches(".tabs a")) send("holdfast:say", ctx.sourceElement.textContent);
});

// What newly needs attention is read out, once; another tab has other entries, and none is new.
const attention = () => [...document.querySelectorAll(".attention > li[id]")];
let known = attention().map((entry) => entry.id);

document.addEventListener("htmx:after:swap", (event) => {
  const entries = attention();
  for (const entry of isPoll(event) ? entries : []) {
    const text = entry.querySelector("div").innerText.replace(/\s+/g, " ").trim(); // as on a screen
    if (!known.includes(entry.id)) send("holdfast:say", text);
  }
  known = entries.map((entry) => entry.id);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
window.addEventListener("online", refresh);
document.addEventListener("holdfast:wake", refresh);
document.addEventListener("holdfast:changed", refresh);
window.addEventListener("offline", () => setFresh(false));

button.addEventListener("click", () => {
  isPaused = !isPaused;
  since = clock();
  show();
  if (!isPaused) refresh();
});

button.hidden ||= isStale;
if (isStale) show();
