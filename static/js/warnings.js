// Warnings of a person's holds that end soon, on every page. The bar lists them long before; here
// each is shown, coloured, announced and counted down on the server's clock.

const LEVELS = [["last", 60], ["soon", 120]]; // seconds before the end
const ANNOUNCED = "holdfast:announced"; // in sessionStorage: announced in this window
const ALERTED = "holdfast:alerted"; // in localStorage: alerted in any window
const KEEP = 9e5; // milliseconds

const texts = document.getElementById("script-texts").content;
const textOf = (name) => texts.querySelector(`[data-text=${name}]`).textContent;
const bar = () => document.getElementById("warnings");
const isWanted = (name) => name in document.documentElement.dataset;
const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const plainTitle = () => document.title.replace(/^\(\d+\) /, "");

// The server's clock, as clock.js knows it.
let origin;
const now = () => origin + performance.now();
const endOf = (item) => Date.parse(item.querySelector("time[datetime]").dateTime);
const secondsLeft = (item) => Math.ceil((endOf(item) - now()) / 1000);

function levelOf(item) {
  const seconds = secondsLeft(item);
  return seconds > 0 ? LEVELS.find(([, limit]) => seconds <= limit)?.[0] : undefined;
}

// True the first time it is called with this key. The storage keeps only numbers and moments, and
// only until they are past.
function isFirst(storage, key, name) {
  try {
    const kept = JSON.parse(storage.getItem(name) ?? "{}");
    if (kept[key]) return false;
    const current = Object.entries(kept).filter(([, moment]) => moment > now());
    storage.setItem(name, JSON.stringify({ ...Object.fromEntries(current), [key]: now() + KEEP }));
  } catch {
    // A browser without storage repeats it on each page.
  }
  return true;
}

function playSound() {
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

// Without the client's name: other people may see the screen.
function showNotification(text, key) {
  if (globalThis.Notification?.permission !== "granted") return;
  try {
    const notification = new Notification("Holdfast", { body: text, tag: key });
    notification.onclick = () => window.focus();
  } catch {
    // Some phones only let service workers do this.
  }
}

function alertOnce(item, level) {
  const key = `${item.id} ${endOf(item)} ${level}`;
  const slot = item.querySelector("[data-slot]").textContent;
  const text = textOf(level).replace("{what}", slot).replace("{seconds}", secondsLeft(item));
  if (isFirst(sessionStorage, key, ANNOUNCED)) send("holdfast:say", text);
  const isAlerted = isWanted("sound") || isWanted("notice");
  if (!isAlerted || !isFirst(localStorage, key, ALERTED)) return;
  if (isWanted("sound")) playSound();
  if (isWanted("notice")) showNotification(text, key);
}

function show() {
  const items = origin ? [...(bar()?.querySelectorAll("li") ?? [])] : [];
  let count = 0;
  for (const item of items) {
    const level = levelOf(item);
    if (level && !item.classList.contains(level)) item.className = level;
    item.hidden = !level;
    if (!level) continue;
    count += 1;
    alertOnce(item, level);
  }
  const title = count ? `(${count}) ${plainTitle()}` : plainTitle();
  if (document.title !== title) document.title = title;
  return items;
}

let ended = "";

function tick({ detail }) {
  origin = detail - performance.now();
  const endedNow = show().filter((item) => secondsLeft(item) <= 0).map((item) => item.id).join();
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

// The answer to "Extend" is that hold's page. It replaces that page if it is open. Elsewhere only
// the messages and the problem, if any, are shown.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (event.defaultPrevented || ctx.target !== bar() || ctx.sourceElement === bar()) return;
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
  const board = document.getElementById("board");
  if (board) htmx.trigger(board, "refresh", {}, false);
});

// Browsers ask for permission only in reaction to a person: here, to the ticked box.
document.addEventListener("change", ({ target }) => {
  if (target.name === "desktop_notice" && target.checked) {
    globalThis.Notification?.requestPermission();
  }
});

for (const event of ["htmx:before:settle", "htmx:after:swap"]) {
  document.addEventListener(event, show);
}
document.addEventListener("holdfast:tick", tick);
