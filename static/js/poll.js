// The board asks for news while somebody looks at it. It sends the tag of what it shows, so that
// "nothing new" is an answer without a body, and it says so when news stop coming.

const words = document.getElementById("words").content;
const word = (name) => words.querySelector(`[data-word=${name}]`).textContent;
const board = () => document.querySelector("[data-poll]");
const clock = () => document.querySelector("[data-clock]")?.textContent ?? "";
const line = document.querySelector("[data-freshness]");
const button = document.querySelector("[data-pause]");

let tag = null;
let paused = false;
let stale = false;
let since = clock();

function show() {
  const name = paused ? "paused" : stale ? "stale" : "updated";
  line.textContent = word(name).replace("{time}", since);
  board().classList.toggle("stale", paused || stale);
  button.textContent = word(paused ? "resume" : "pause");
}

function heard(fine) {
  if (fine) since = clock();
  if (fine === !stale) return;
  stale = !fine;
  show();
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: line.textContent }));
}

const refresh = () => htmx.trigger(board(), "refresh", {}, false);
const ofPoll = (event) => event.detail.ctx?.sourceElement?.matches("[data-poll]");

document.addEventListener("htmx:config:request", (event) => {
  if (!ofPoll(event)) return;
  if (paused || document.hidden) event.preventDefault();
  else if (tag) event.detail.ctx.request.headers["If-None-Match"] = tag;
});

document.addEventListener("htmx:after:request", (event) => {
  if (!ofPoll(event)) return;
  const { status, headers } = event.detail.ctx.response;
  if (status === 200) tag = headers.get("ETag");
  heard(status === 200 || status === 304);
});

document.addEventListener("htmx:error", (event) => {
  if (ofPoll(event)) heard(false);
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!ofPoll(event)) tag = null;
  show();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});

button.addEventListener("click", () => {
  paused = !paused;
  since = clock();
  show();
  if (!paused) refresh();
});
