// The free times: arrow keys walk through them, a choice in the form above shows at once, and a
// chosen time leads on to the client's name. Without this, all of it are links and forms.

const DELAY = 300; // a list that is walked through with the arrow keys asks when it comes to rest
const OLDEST = "2020"; // a year that is still being typed is no date to go to

const grid = () => document.querySelector("[data-grid]");
const times = () => [...(grid()?.querySelectorAll("a.time") ?? [])];
const tell = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));

// One of the times is a stop of the Tab key, the others are reached from there.
function stop(at) {
  for (const time of times()) time.tabIndex = time === at ? 0 : -1;
}

function setUp() {
  const all = times();
  const held = all.find((time) => time === document.activeElement);
  const chosen = all.find((time) => time.getAttribute("aria-current"));
  const free = all.find((time) => !time.matches(".held"));
  stop(held ?? chosen ?? free ?? all[0]);
}

function beside(from, key) {
  const all = times();
  const at = all.indexOf(from);
  if (key === "ArrowRight") return all[at + 1];
  if (key === "ArrowLeft") return all[at - 1];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  return nearest(from, all, key === "ArrowDown" ? 1 : -1);
}

// The time in the next row, up or down, that stands most nearly above or below.
function nearest(from, all, way) {
  const box = (time) => time.getBoundingClientRect();
  const start = box(from);
  let best;
  for (const time of all) {
    const there = box(time);
    const rows = (there.top - start.top) * way;
    if (rows < start.height / 2) continue;
    const far = rows * 3 + Math.abs(there.left - start.left);
    if (!best || far < best.far) best = { time, far };
  }
  return best?.time;
}

const KEYS = new Set(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"]);
const PAGES = { PageDown: "on", PageUp: "back" };

document.addEventListener("keydown", (event) => {
  const time = event.target.closest?.("[data-grid] a.time");
  if (!time || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (PAGES[event.key]) {
    event.preventDefault();
    document.getElementById(PAGES[event.key])?.click();
    return;
  }
  if (!KEYS.has(event.key)) return;
  event.preventDefault();
  const next = beside(time, event.key);
  if (!next) return;
  stop(next);
  next.focus();
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-grid] a.time")) stop(event.target);
});

let timer;
document.addEventListener("change", (event) => {
  const field = event.target;
  if (!field.matches("#pick select, #pick input[type=date]")) return;
  if (field.type === "date" && field.value < OLDEST) return;
  clearTimeout(timer);
  timer = setTimeout(() => field.form?.requestSubmit(), DELAY);
});

let wasInside = false;
document.addEventListener("htmx:before:swap", () => {
  wasInside = Boolean(grid()?.contains(document.activeElement));
});

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  setUp();
  if (ctx.request.method !== "GET") return;
  const target = ctx.request.headers["HX-Target"] ?? "";
  if (target.endsWith("#times")) {
    tell(document.getElementById("times").dataset.said);
    if (wasInside && !grid()?.contains(document.activeElement)) {
      times().find((time) => time.tabIndex === 0)?.focus();
    }
  } else if (target.endsWith("#chosen")) {
    choose(ctx.sourceElement);
  } else {
    document.querySelector("[data-focus]")?.focus();
  }
});

function choose(link) {
  for (const time of times()) {
    if (time === link) time.setAttribute("aria-current", "true");
    else time.removeAttribute("aria-current");
  }
  document.getElementById("id_client_name")?.focus();
}

setUp();
