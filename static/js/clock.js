// The server's clock in the page, and what runs on it: the clock in the bar, the countdowns.
// A countdown is an element .left beside a <time datetime>; it is worked out anew from that
// moment at every tick, so it is right after sleep, in a background tab and on a wrong clock.

const stamp = document.querySelector("meta[name=now]");
const WAIT_FOR_SLEEP = 1500;
const SOON = 120;
const LAST = 60;

// The moment at which performance.now() was 0, on the server's clock.
let origin = stamp
  ? Date.parse(stamp.content) - (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0)
  : performance.timeOrigin;
let gap = Date.now() - performance.now();

const now = () => origin + performance.now();

// performance.now() may stand still while the computer sleeps; Date.now() never does, but people
// set it. Where the two disagree, take it for sleep at once and then ask the server.
function wake() {
  const change = Date.now() - performance.now() - gap;
  if (Math.abs(change) < WAIT_FOR_SLEEP) return;
  gap += change;
  origin += change;
  document.dispatchEvent(new CustomEvent("holdfast:wake"));
  ask();
}

async function ask() {
  if (!stamp) return;
  const sent = performance.now();
  try {
    const page = await fetch(stamp.dataset.from, { cache: "no-store" });
    const middle = (sent + performance.now()) / 2;
    const found = new DOMParser().parseFromString(await page.text(), "text/html");
    const moment = Date.parse(found.querySelector("meta[name=now]")?.content);
    if (moment) origin = moment - middle;
  } catch {
    // Offline: the guess stands until the next change.
  }
  paint();
}

function words(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function countDown(cell, at) {
  const until = cell.parentElement.querySelector("time[datetime]");
  if (!until) return;
  const seconds = Math.max(0, Math.ceil((Date.parse(until.dateTime) - at) / 1000));
  const text = words(seconds);
  if (cell.textContent === text) return;
  cell.textContent = text;
  cell.classList.toggle("soon", seconds <= SOON && seconds > LAST);
  cell.classList.toggle("last", seconds <= LAST);
}

function waitDown(line) {
  line.dataset.say ??= line.textContent;
  line.dataset.end ??= performance.now() + 1000 * line.dataset.wait;
  const seconds = Math.ceil((line.dataset.end - performance.now()) / 1000);
  const done = () => document.getElementById("words").content.querySelector("[data-word=again]");
  line.textContent =
    seconds > 0 ? line.dataset.say.replace("{time}", words(seconds)) : done().textContent;
  if (seconds <= 0) line.removeAttribute("data-wait");
}

const faces = new Map();

function tell(clock, at) {
  const zone = clock.dataset.clock;
  if (!faces.has(zone)) {
    const style = { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" };
    faces.set(
      zone,
      new Intl.DateTimeFormat(document.documentElement.lang, { ...style, hourCycle: "h23" }),
    );
  }
  clock.textContent = faces.get(zone).format(at);
}

function paint() {
  const at = now();
  for (const cell of document.querySelectorAll(".left")) countDown(cell, at);
  for (const line of document.querySelectorAll("[data-wait]")) waitDown(line);
  for (const clock of document.querySelectorAll("[data-clock]")) tell(clock, at);
}

function tick() {
  wake();
  paint();
  document.dispatchEvent(new CustomEvent("holdfast:tick", { detail: now() }));
  setTimeout(tick, 1000 - (now() % 1000) + 5);
}

for (const event of ["htmx:before:settle", "htmx:after:swap"]) {
  document.addEventListener(event, paint);
}
for (const [target, event] of [[document, "visibilitychange"], [window, "pageshow"]]) {
  target.addEventListener(event, () => {
    wake();
    paint();
  });
}
tick();
