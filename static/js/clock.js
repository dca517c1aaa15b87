// The server's clock in the page, and what depends on it: the clock in the header, the countdowns
// and the waits of refused requests. A countdown is an element .left beside a <time datetime>. Each
// tick computes it from that moment, so it is right after sleep, in a background tab and on a
// computer whose clock is wrong.

const stamp = document.querySelector("meta[name=now]");
const SLEEP = 1500; // milliseconds: a larger jump of the computer's clock means that it slept
const MISSED = 900; // milliseconds without a tick of the page's own timer
const SOON = 120; // seconds
const LAST = 60; // seconds

// The server's time at which performance.now() was 0, in milliseconds.
let origin = stamp
  ? Date.parse(stamp.content) - (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0)
  : performance.timeOrigin;
let offset = Date.now() - performance.now();

const now = () => origin + performance.now();

// performance.now() may stand still while the computer sleeps. Date.now() never does, but people
// set it. Where the two disagree, assume sleep at once, and let a poll correct it.
function correctAfterSleep() {
  const jump = Date.now() - performance.now() - offset;
  if (Math.abs(jump) < SLEEP) return;
  offset += jump;
  origin += jump;
  document.dispatchEvent(new CustomEvent("holdfast:wake"));
}

// Polls bring the server's time, which lies between the request and the answer. It corrects also a
// page that was made while the server's own clock was wrong.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  ctx.sentAt = performance.now();
});

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const moment = Date.parse(ctx.response.headers.get("X-Calcom-Now"));
  const [isBehindBy, isAheadBy] = [moment - now(), origin + ctx.sentAt - moment];
  if (Math.max(isBehindBy, isAheadBy) > SLEEP) {
    origin = moment - (ctx.sentAt + performance.now()) / 2;
    update();
  }
});

function duration(seconds) {
  const pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = pad(seconds % 60);
  return hours ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function updateCountdown(cell, at) {
  const end = cell.parentElement.querySelector("time[datetime]");
  if (!end) return;
  const seconds = Math.max(0, Math.ceil((Date.parse(end.dateTime) - at) / 1000));
  const text = duration(seconds);
  if (cell.textContent === text) return;
  cell.textContent = text;
  cell.classList.toggle("soon", seconds <= SOON && seconds > LAST);
  cell.classList.toggle("last", seconds <= LAST);
}

// What is known of a hold only until it ends ([data-ends]) is taken back at that moment, also while
// the server cannot be reached.
function withdraw(part, at) {
  const end = part.dataset.ends || part.querySelector("time[datetime]")?.dateTime;
  const isOver = Date.parse(end) <= at;
  for (const element of part.querySelectorAll("[data-until-end]")) element.hidden = isOver;
  for (const element of part.querySelectorAll("[data-after-end]")) element.hidden = !isOver;
  const actions = part.querySelector("td.acts");
  if (actions) sayOver(actions, isOver);
}

// A row of the board says instead of its buttons that the hold ran out, until a poll corrects the time.
function sayOver(actions, isOver) {
  const told = actions.querySelector("[data-text=ended]");
  if (isOver === Boolean(told)) return;
  for (const each of actions.children) each.hidden = isOver;
  if (isOver) actions.append(textElement("ended").cloneNode(true));
  else told.remove();
}

const textElement = (name) =>
  document.getElementById("script-texts").content.querySelector(`[data-text=${name}]`);

function updateWait(line) {
  line.dataset.text ??= line.textContent;
  line.dataset.end ??= performance.now() + 1000 * line.dataset.wait;
  const seconds = Math.ceil((line.dataset.end - performance.now()) / 1000);
  if (seconds > 0) {
    line.textContent = line.dataset.text.replace("{time}", duration(seconds));
    return;
  }
  line.textContent = textElement("again").textContent;
  line.removeAttribute("data-wait");
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: line.textContent }));
}

const CHANGES = [30, 60].flatMap((minutes) => [60_000 * minutes, -60_000 * minutes]);
const formats = new Map(); // by time zone; null where the browser does not know it

// Return how a zone shows a moment, with and without its offset.
function makeFormats(timeZone) {
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const make = (options) =>
    new Intl.DateTimeFormat(document.documentElement.lang, { timeZone, ...time, ...options });
  return { plain: make({}), withOffset: make({ timeZoneName: "short" }) };
}

function formatsOf(timeZone) {
  try {
    if (!formats.has(timeZone)) formats.set(timeZone, makeFormats(timeZone));
  } catch {
    formats.set(timeZone, null);
  }
  return formats.get(timeZone);
}

// Browsers know fewer time zones than servers. For the others the page has the present offset.
// Where clocks go back they show each time twice, so then the offset is shown too.
function updateClock(clock, at) {
  const format = formatsOf(clock.dataset.clock);
  if (!format) {
    const utc = formatsOf("UTC");
    clock.textContent = utc ? utc.plain.format(at + 1000 * clock.dataset.offset) : "";
    return;
  }
  const text = format.plain.format(at);
  const isTwice = CHANGES.some((change) => format.plain.format(at + change) === text);
  clock.textContent = isTwice ? format.withOffset.format(at) : text;
}

function update() {
  const at = now();
  for (const cell of document.querySelectorAll(".left")) updateCountdown(cell, at);
  for (const part of document.querySelectorAll("[data-ends]")) withdraw(part, at);
  for (const line of document.querySelectorAll("[data-wait]")) updateWait(line);
  for (const clock of document.querySelectorAll("[data-clock]")) updateClock(clock, at);
}

let beatenAt = 0;

function beat() {
  beatenAt = performance.now();
  correctAfterSleep();
  update();
  document.dispatchEvent(new CustomEvent("holdfast:tick", { detail: now() }));
}

function tick() {
  setTimeout(tick, 1000 - (now() % 1000) + 5); // first, so that no fault below stops the clock
  beat();
}

// Browsers let the timers of a hidden page run once a minute, but those of a worker on time. People
// who want to hear of a warning, or be notified, need them. The page never waits for its file.
function startTicker(file) {
  try {
    const worker = new Worker(file);
    worker.onmessage = () => {
      if (performance.now() - beatenAt > MISSED) beat();
    };
  } catch {
    // Some extensions forbid workers.
  }
}

for (const event of ["htmx:before:settle", "htmx:after:swap"]) {
  document.addEventListener(event, update);
}
for (const [target, event] of [[document, "visibilitychange"], [window, "pageshow"]]) {
  target.addEventListener(event, () => {
    correctAfterSleep();
    update();
  });
}
tick();
const { ticker } = document.documentElement.dataset;
if (ticker) startTicker(ticker);
