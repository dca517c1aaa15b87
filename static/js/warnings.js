// Warnings of a person's holds that end soon, on every page. The bar lists them long before; here
// each is shown, coloured and counted down on the server's clock, and for a minute after its end
// the bar says that it ran out. "holdfast:alert" asks alerts.js for sound and desktop notice.

const LEVELS = [["over", 0], ["last", 60], ["soon", 120]]; // up to so many seconds before the end
const OVER_SHOWN = 60; // seconds

const texts = document.getElementById("script-texts").content;
const textOf = (name) => texts.querySelector(`[data-text=${name}]`).textContent;
const bar = () => document.getElementById("warnings");
const isWanted = (name) => name in document.documentElement.dataset;
const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const plainTitle = () => document.title.replace(/^\(\d+\) /, "");

// The server's clock, as clock.js knows it.
let origin;
const secondsLeft = (item) =>
  Math.ceil((Date.parse(item.dataset.end) - origin - performance.now()) / 1000);

function levelOf(item) {
  const seconds = secondsLeft(item);
  if (seconds <= -OVER_SHOWN) return undefined;
  return LEVELS.find(([, limit]) => seconds <= limit)?.[0];
}

function alertOf(item, level) {
  const what = item.querySelector("[data-slot]").textContent;
  const text = textOf(level).replace("{what}", what).replace("{seconds}", secondsLeft(item));
  const key = `${item.id} ${item.dataset.end} ${level}`;
  if (isNew(key)) send("holdfast:say", text);
  if (level !== "over") send("holdfast:alert", { key, text });
}

// Each warning is read out once in a window; without storage once on each page.
const said = new Set();

function isNew(key) {
  let isKnown = said.has(key);
  said.add(key);
  try {
    isKnown ||= sessionStorage.getItem(key) !== null;
    sessionStorage.setItem(key, "");
  } catch {
    // Switched off.
  }
  return !isKnown;
}

// The end is shown at once, but only told when the server agrees: another window may have extended
// the hold a moment ago.
function showOver(item) {
  for (const part of item.querySelectorAll("[data-running]")) part.hidden = true;
  for (const part of item.querySelectorAll("[data-over]")) part.hidden = false;
  if ("ended" in item.dataset) alertOf(item, "over");
}

// The stylesheet leaves as much room as the bar takes.
const room = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, room];
let height = 0; // pixels

function tellHeight(now) {
  if (now === height) return;
  height = now;
  room.replaceSync(`:root { --warned: ${height}px; }`);
}

function show() {
  const items = origin ? [...(bar()?.querySelectorAll("li") ?? [])] : [];
  let count = 0;
  for (const item of items) {
    const level = levelOf(item);
    if (!level && item.contains(document.activeElement)) giveFocusBack();
    if (level && !item.classList.contains(level)) item.className = level;
    item.hidden = !level;
    if (level === "over") showOver(item);
    else if (level) {
      count += 1;
      alertOf(item, level);
    }
  }
  const shown = items.filter((item) => !item.hidden).length;
  const root = document.documentElement;
  if (shown) root.dataset.warned = shown > 1 ? "many" : "one";
  else delete root.dataset.warned;
  if (shown) tellHeight(bar().offsetHeight);
  const title = count ? `(${count}) ${plainTitle()}` : plainTitle();
  if (document.title !== title) document.title = title;
  return items;
}

// The focus goes back to the field that it came from: letters that are typed next must not become
// shortcuts.
let before = document.activeElement; // a field with autofocus may have it already
document.addEventListener("focusin", ({ target }) => {
  if (!bar()?.contains(target)) before = target;
});

function giveFocusBack() {
  const isThere = before?.isConnected && before.getClientRects().length > 0;
  (isThere ? before : document.getElementById("main"))?.focus({ preventScroll: true });
}

document.addEventListener("submit", ({ target }) => {
  if (bar()?.contains(target) && before?.matches?.("input, textarea, select")) giveFocusBack();
});

let wasInBar = false;
document.addEventListener("htmx:before:swap", () => {
  wasInBar = bar()?.contains(document.activeElement) ?? false;
});
document.addEventListener("htmx:after:swap", () => {
  if (wasInBar && document.activeElement === document.body) giveFocusBack();
});

let ended = "";

function tick({ detail }) {
  origin = detail - performance.now();
  const over = show().filter((item) => secondsLeft(item) <= 0 && !("ended" in item.dataset));
  const endedNow = over.map((item) => item.id).join();
  if (endedNow && endedNow !== ended) refresh();
  ended = endedNow;
}

// A hidden page does not poll, unless the person wants sounds or notifications.
document.addEventListener("htmx:config:request", (event) => {
  const isSilent = document.hidden && !isWanted("sound") && !isWanted("notice");
  if (event.detail.ctx?.sourceElement === bar() && isSilent) event.preventDefault();
});

function refresh() {
  if (bar()) htmx.trigger(bar(), "refresh", {}, false);
}

document.addEventListener("holdfast:wake", refresh);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});

// Any action may have changed which holds end soon.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.request.method !== "GET") refresh();
});

// The answer to a button of the bar, or of a row of the board, is that hold's page. It replaces that
// page if it is open. Elsewhere only the messages and the problem, if any, are shown.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  const isOfList = ["board", "warnings"].includes(ctx.target?.id) && ctx.sourceElement !== ctx.target;
  if (event.defaultPrevented || !isOfList) return;
  const main = tasks.find((task) => task.type === "main");
  const answer = main?.fragment.querySelector("#hold");
  if (!answer) return;
  const page = document.getElementById("hold");
  if (page && page.dataset.hold === answer.dataset.hold) {
    main.target = page;
    main.swapSpec.style = "outerHTML";
  } else {
    const problem = answer.querySelector("[data-focus-first] > div");
    if (problem) send("holdfast:banner", problem);
    main.swapSpec.style = "none";
    ctx.title = null;
  }
  send("holdfast:changed"); // the board is drawn anew, also while its updates are paused
});

for (const event of ["htmx:before:settle", "htmx:after:swap"]) {
  document.addEventListener(event, show);
}
document.addEventListener("holdfast:tick", tick);
