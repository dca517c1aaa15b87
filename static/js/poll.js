// The board asks for news while somebody looks at it, and says so when news stop coming.

const words = document.getElementById("words").content;
const word = (name) => words.querySelector(`[data-word=${name}]`).textContent;
const board = document.getElementById("board");
const line = document.querySelector("[data-freshness]");
const button = document.querySelector("[data-pause]");
const clock = () => document.querySelector("[data-clock]")?.textContent ?? "";
const ofPoll = (event) => event.detail.ctx?.sourceElement === board;
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

let paused = false;
let wanted = false; // asked for by an action, paused or not
let stale = false;
let since = clock();

function show() {
  const name = paused ? "paused" : stale ? "stale" : "updated";
  line.textContent = word(name).replace("{time}", since);
  line.classList.toggle("stale", paused || stale);
  button.textContent = word(paused ? "resume" : "pause");
}

function heard(fine) {
  if (fine && !paused) since = clock();
  if (fine === !stale) return;
  stale = !fine;
  show();
  tell("holdfast:say", line.textContent);
}

function refresh() {
  wanted = true;
  htmx.trigger(board, "refresh", {}, false);
}

document.addEventListener("htmx:config:request", (event) => {
  if (!ofPoll(event)) return;
  if ((paused && !wanted) || document.hidden) event.preventDefault();
  wanted = false;
});

document.addEventListener("htmx:after:request", (event) => {
  if (!ofPoll(event)) return;
  const { status } = event.detail.ctx.response;
  heard(status === 200 || status === 304);
});

document.addEventListener("htmx:error", (event) => {
  if (ofPoll(event)) heard(false);
});

// The answer to a button in a row is that hold's page. The board stays as it is under the hand:
// it takes the messages and the problem, if any, and then asks for its own news.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (event.defaultPrevented || ctx.target !== board || ofPoll(event)) return;
  const main = tasks.find((task) => task.type === "main");
  if (!main || main.fragment.querySelector("#board")) return;
  const problem = main.fragment.querySelector("[data-first] > div");
  if (problem) tell("holdfast:banner", problem);
  main.swapSpec.style = "none";
  ctx.title = null;
  refresh();
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.matches(".tabs a")) tell("holdfast:say", ctx.sourceElement.textContent);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
window.addEventListener("online", refresh);
document.addEventListener("holdfast:wake", refresh);
window.addEventListener("offline", () => heard(false));

button.addEventListener("click", () => {
  paused = !paused;
  since = clock();
  show();
  if (!paused) refresh();
});
