// Warned in time: of one's own holds that end soon, on every page. The bar has them long before;
// here each is shown, coloured, told and counted to the second of the server's clock.

const AMBER = 120; // seconds before the end
const RED = 60;
const LEVELS = [["last", RED], ["soon", AMBER]];
const TOLD = "holdfast:told"; // of what this window has told
const RUNG = "holdfast:rung"; // of what any window has rung

const words = document.getElementById("words").content;
const word = (name) => words.querySelector(`[data-word=${name}]`).textContent;
const bar = () => document.getElementById("warnings");
const wants = (name) => name in document.documentElement.dataset;
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const title = () => document.title.replace(/^\(\d+\) /, "");

// The server's clock, as clock.js knows it.
let origin;
const now = () => origin + performance.now();
const ends = (item) => Date.parse(item.querySelector("time[datetime]").dateTime);
const left = (item) => Math.ceil((ends(item) - now()) / 1000);

function level(item) {
  const seconds = left(item);
  return seconds > 0 ? LEVELS.find(([, most]) => seconds <= most)?.[0] : undefined;
}

// Whether this is the first time, and from now on it is not. Only numbers and moments are kept, and
// only until they are past.
function first(storage, key, name) {
  try {
    const kept = JSON.parse(storage.getItem(name) ?? "{}");
    if (kept[key]) return false;
    const later = Object.entries(kept).filter(([, moment]) => moment > now());
    storage.setItem(name, JSON.stringify({ ...Object.fromEntries(later), [key]: now() + 9e5 }));
  } catch {
    // A browser that keeps nothing tells it on each page.
  }
  return true;
}

function ring() {
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const volume = sound.createGain();
  volume.gain.setValueAtTime(0.15, sound.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + 0.6);
  tone.frequency.value = 660;
  tone.connect(volume).connect(sound.destination);
  tone.onended = () => sound.close();
  tone.start();
  tone.stop(sound.currentTime + 0.6);
}

// No client is named: the notice stands on a screen that others may see.
function notify(text, key) {
  if (globalThis.Notification?.permission !== "granted") return;
  try {
    const notice = new Notification("Holdfast", { body: text, tag: key });
    notice.onclick = () => window.focus();
  } catch {
    // Some phones only let service workers do this.
  }
}

function warn(item, name) {
  const key = `${item.id} ${ends(item)} ${name}`;
  const what = item.querySelector("[data-what]").textContent;
  const text = word(name).replace("{what}", what).replace("{seconds}", left(item));
  if (first(sessionStorage, key, TOLD)) tell("holdfast:say", text);
  const rings = wants("sound") || wants("notice");
  if (!rings || !first(localStorage, key, RUNG)) return;
  if (wants("sound")) ring();
  if (wants("notice")) notify(text, key);
}

function show() {
  const items = origin ? [...(bar()?.querySelectorAll("li") ?? [])] : [];
  let count = 0;
  for (const item of items) {
    const name = level(item);
    if (name && !item.classList.contains(name)) item.className = name;
    item.hidden = !name;
    if (!name) continue;
    count += 1;
    warn(item, name);
  }
  const wanted = count ? `(${count}) ${title()}` : title();
  if (document.title !== wanted) document.title = wanted;
  return items;
}

let over = "";

function tick({ detail }) {
  origin = detail - performance.now();
  const past = show().filter((item) => left(item) <= 0).map((item) => item.id).join();
  if (past && past !== over) refresh();
  over = past;
}

// A hidden page stays quiet, unless its person wants to hear or see of it elsewhere.
document.addEventListener("htmx:config:request", (event) => {
  const silent = document.hidden && !wants("sound") && !wants("notice");
  if (event.detail.ctx?.sourceElement === bar() && silent) event.preventDefault();
});

function refresh() {
  if (bar()) htmx.trigger(bar(), "refresh", {}, false);
}

document.addEventListener("holdfast:wake", refresh);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});

// Whatever a person has done may have changed what there is to warn of.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.request.method !== "GET") refresh();
});

// The answer to *Extend* is that hold's page. Where that page is open it takes its place;
// elsewhere the messages are enough, and the problem, if any.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (event.defaultPrevented || ctx.target !== bar() || ctx.sourceElement === bar()) return;
  const main = tasks.find((task) => task.type === "main");
  const answered = main?.fragment.querySelector("#hold");
  if (!answered) return;
  const open = document.getElementById("hold");
  if (open && open.dataset.hold === answered.dataset.hold) {
    main.target = open;
    main.swapSpec.style = "outerHTML";
  } else {
    const problem = answered.querySelector("[data-first] > div");
    if (problem) tell("holdfast:banner", problem);
    main.swapSpec.style = "none";
    ctx.title = null;
  }
  const board = document.getElementById("board");
  if (board) htmx.trigger(board, "refresh", {}, false);
});

// Browsers ask for leave only while a person does something: here, ticking the box.
document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.name === "desktop_notice" && target.checked) globalThis.Notification?.requestPermission();
});

for (const event of ["htmx:before:settle", "htmx:after:swap"]) {
  document.addEventListener(event, show);
}
document.addEventListener("holdfast:tick", tick);
