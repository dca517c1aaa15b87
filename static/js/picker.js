// The free times: arrow keys walk through them, a changed field of the form above shows its times
// at once, and a chosen time leads on to the client's name. Without scripts these are links and
// forms.

const DELAY = 300; // milliseconds: a list walked through with the keyboard asks when it rests
const OLDEST = "2020"; // an earlier year is still being typed

const grid = () => document.querySelector("[data-grid]");
const times = () => [...(grid()?.querySelectorAll("a.time") ?? [])];
const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));

// The Tab key stops at one of the times; the arrow keys lead to the others.
function setTabStop(stop) {
  for (const time of times()) time.tabIndex = time === stop ? 0 : -1;
}

const tabStop = () => times().find((time) => time.tabIndex === 0);

function setUp() {
  const all = times();
  const focused = all.find((time) => time === document.activeElement);
  const chosen = all.find((time) => time.getAttribute("aria-current"));
  const free = all.find((time) => !time.matches(".held"));
  setTabStop(focused ?? chosen ?? free ?? all[0]);
}

function neighbour(from, key) {
  const all = times();
  const index = all.indexOf(from);
  if (key === "ArrowRight") return all[index + 1];
  if (key === "ArrowLeft") return all[index - 1];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  return nearest(from, all, key === "ArrowDown" ? 1 : -1);
}

// The time in the next row down (direction 1) or up (-1) that is closest horizontally.
function nearest(from, all, direction) {
  const start = from.getBoundingClientRect();
  let best;
  for (const time of all) {
    const box = time.getBoundingClientRect();
    const rows = (box.top - start.top) * direction;
    if (rows < start.height / 2) continue;
    const distance = rows * 3 + Math.abs(box.left - start.left);
    if (!best || distance < best.distance) best = { time, distance };
  }
  return best?.time;
}

const KEYS = new Set(["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "End"]);
const PAGES = { PageDown: "on", PageUp: "back" }; // ids of the links to the days after and before

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
  const next = neighbour(time, event.key);
  if (!next) return;
  setTabStop(next);
  next.focus();
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-grid] a.time")) setTabStop(event.target);
});

let timer;
document.addEventListener("change", (event) => {
  const field = event.target;
  if (!field.matches("#pick select, #pick input[type=date]")) return;
  if (field.type === "date" && field.value < OLDEST) return;
  clearTimeout(timer);
  timer = setTimeout(() => field.form?.requestSubmit(), DELAY);
});

// On a slow line the answer takes seconds: what was pressed shows that at once.
const isOfPicker = ({ detail: { ctx } }) => ctx?.sourceElement?.closest("#times");
let choice; // the request for the time that was chosen last; it ends the one before

document.addEventListener("htmx:before:request", (event) => {
  if (!isOfPicker(event)) return;
  const { ctx } = event.detail;
  ctx.sourceElement.setAttribute("aria-busy", "true");
  if (!ctx.sourceElement.matches("a.time")) return;
  choice = ctx;
  fillIn(new URL(ctx.sourceElement.href).searchParams);
});
document.addEventListener("htmx:finally:request", (event) => {
  if (!isOfPicker(event)) return;
  event.detail.ctx.sourceElement.removeAttribute("aria-busy");
  // Without a good answer nothing shows which time is in the form, so none is.
  const line = document.querySelector("#chosen .chosen-time");
  const isShown = line !== null && line.style.visibility !== "hidden";
  if (event.detail.ctx === choice && !isShown) set(document.getElementById("id_slot_start"), "");
});

const hasFocus = () => document.querySelector("#times :is([data-grid], .notice) :focus") !== null;
let hadFocus = false;
document.addEventListener("htmx:before:swap", () => {
  hadFocus = hasFocus();
});

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  setUp();
  // As where the page is opened, the next key chooses one more time of an offer.
  const isAnew = ctx.request.method === "POST" && document.activeElement.matches("body, main");
  if (isAnew && !document.querySelector("#chosen .chosen-time")) tabStop()?.focus();
  if (ctx.request.method !== "GET" || ctx.sourceElement.matches("[data-poll]")) return;
  const target = ctx.request.headers["HX-Target"] ?? "";
  if (target.endsWith("#times")) {
    const refused = document.querySelector("#pick [aria-invalid=true]");
    if (refused) return refused.focus();
    announce(document.getElementById("times").dataset.summary);
    followShown();
    if (hadFocus && !hasFocus()) tabStop()?.focus();
  } else if (target.endsWith("#chosen")) {
    markChosen(startOf(ctx.request.action));
  } else {
    showMove();
  }
});

// Until a time is chosen or typed, the form is for what is shown.
function followShown() {
  const [form, shown] = [document.getElementById("wish"), document.getElementById("pick").elements];
  const isChosen = document.querySelector("#chosen .chosen-time") !== null;
  if (!form || isChosen || ["id_slot_start", "id_other_event_type_id"].some(isFilled)) return;
  for (const name of ["event_type_id", "slot_duration"]) {
    set(document.getElementById(`id_${name}`), shown[name]?.value ?? "");
  }
}

const isFilled = (id) => Boolean(document.getElementById(id)?.value);

// Fill in a field that does not count as typed.
function set(field, value) {
  if (!field) return;
  field.value = value;
  if (!field.options) field.defaultValue = value;
  for (const option of field.options ?? []) option.defaultSelected = option.selected;
  field.dispatchEvent(new Event("change")); // for the field that lists event types
}

// The page of a move begins with both times; the button is below them.
function showMove() {
  const button = document.querySelector("[data-confirm]");
  if (!button) return;
  scrollTo(0, 0);
  button.focus();
}

// The form begins with a chosen time before its answer: what is typed meanwhile is the client's name,
// and would be keys elsewhere.
function fillIn(wanted) {
  if (!document.getElementById("wish")) return;
  for (const name of ["event_type_id", "other_event_type_id", "slot_start", "slot_duration"]) {
    set(document.getElementById(`id_${name}`), wanted.get(name) ?? "");
  }
  forgetChosen();
  focusForm();
}

// For another time of an offer the client is given: the note is the first to type into.
function focusForm() {
  (document.querySelector("#id_client_name:not([readonly])") ?? document.getElementById("id_note"))?.focus();
}

// After a move, "Back" does not lead to its form, which is refused: the hold has that time by now.
document.addEventListener("htmx:before:history:update", ({ detail }) => {
  if (detail.sourceElement.closest("#moving")) detail.history.type = "replace";
});

const startOf = (address) => new URL(address, document.baseURI).searchParams.get("slot_start");

// By its start, because the link of the time may be that of another day by now.
function markChosen(start) {
  for (const time of times()) {
    if (startOf(time.href) === start) time.setAttribute("aria-current", "true");
    else time.removeAttribute("aria-current");
  }
  showChosen();
  if (!document.querySelector("#wish :focus")) focusForm();
}

// The line with the button repeats the chosen time, because on a phone the form is far below.
function showChosen() {
  const chosen = document.querySelector("#chosen .chosen-time");
  const copy = document.querySelector("[data-chosen]");
  if (chosen && copy) copy.textContent = chosen.textContent.replace(/\s+/g, " ").trim();
}

// Once the time is edited by hand, what was chosen is no longer what the button sends. The line keeps
// its room, so that the fields below stay where they are.
document.addEventListener("change", ({ target }) => {
  if (target.name && target.closest("#chosen details")) forgetChosen();
});

function forgetChosen() {
  for (const time of times()) time.removeAttribute("aria-current");
  for (const line of document.querySelectorAll(".chosen-time")) line.style.visibility = "hidden";
  document.querySelector("[data-chosen]")?.replaceChildren();
}

setUp();
