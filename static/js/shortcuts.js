// Single keys as shortcuts. The page says what a key does: an element with data-key, or in a row of
// a list data-row-key, is pressed, or focused if it is a field. Of several the first visible one
// counts, so of rows the upper one; while the focus is in a row, only that row counts. The page
// leaves this file out for people who switched shortcuts off.

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const FIELD = "input, textarea, select";
const PAUSE = 1500; // milliseconds
const ROW = "tr[id], .attention > li";

const texts = document.getElementById("script-texts").content;
const isTyping = (target) => target instanceof Element && target.closest(TYPING) !== null;
const isVisible = (element) =>
  element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
const isUsable = (element) => isVisible(element) && !element.disabled;
const rows = () => [...document.querySelectorAll(ROW)].filter(isVisible);

// Keyboards need Shift alone for "?" and "/". The other modifiers belong to browsers and screen
// readers; so does a key that is held down or part of a composed character.
function isShortcut(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return false;
  if (event.key.length !== 1 || event.defaultPrevented || isTyping(event.target)) return false;
  return !document.querySelector("dialog[open]");
}

function elementFor(key) {
  const name = CSS.escape(key);
  const found = [...document.querySelectorAll(`[data-key="${name}"], [data-row-key="${name}"]`)];
  const row = document.activeElement.closest(ROW);
  const isOfRows = found.some((element) => element.closest(ROW));
  const shown = found.filter(isUsable).find((element) => {
    if (row && isOfRows) return row.contains(element);
    const of = element.closest(ROW);
    return !of || of.querySelector("[data-key]"); // a person's own hold
  });
  return shown ?? found.find((element) => element.closest("dialog")); // a link in the list of keys
}

// What is typed next may be meant for a form that has just lost the focus: then a key must neither
// lead away nor change a hold.
function isHarmless(element) {
  return element.matches(FIELD) || element.dataset.opens || !document.querySelector("[data-typed]");
}

// The field that a person types in may go away, such as when a colleague or the time has ended the
// hold. What comes next is still meant for it, until the person pauses or does something else.
let field; // the one that had the focus last
let strayAt = Infinity; // when the last key without it came, in milliseconds

function setField(target) {
  field = isTyping(target) ? target : undefined;
  strayAt = Infinity;
}

function isStray() {
  if (!field || isVisible(field)) return false;
  const now = performance.now();
  if (now - strayAt > PAUSE) setField(null);
  else strayAt = now;
  return field !== undefined;
}

setField(document.activeElement);
document.addEventListener("focusin", ({ target }) => {
  if (target.id !== "main") setField(target); // the page gets the focus of what goes away
});
document.addEventListener("pointerdown", () => setField(null));
document.addEventListener("keydown", ({ key }) => {
  if (["Enter", "Escape", "Tab"].includes(key)) setField(null);
}, true);

// It begins at the first live hold; what needs attention is above, and has none of the rows' keys.
function walk(step) {
  const all = rows();
  const at = all.indexOf(document.activeElement.closest(ROW));
  const to = at < 0 ? all.findIndex((row) => row.matches("tr")) : at + step;
  all[Math.max(0, to)]?.querySelector("a")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event) || isStray()) return;
  const key = event.shiftKey ? event.key : event.key.toLowerCase(); // with Caps Lock too
  if (key === "j" || key === "k") return walk(key === "j" ? 1 : -1);
  const element = elementFor(key);
  if (!element) return;
  event.preventDefault();
  if (!isHarmless(element)) {
    const detail = texts.querySelector("[data-text=typed]").textContent;
    document.dispatchEvent(new CustomEvent("holdfast:say", { detail }));
    return;
  }
  if (!element.matches(`${FIELD}, [tabindex="-1"]`)) return element.click();
  element.focus();
  element.select?.();
});

for (const element of document.querySelectorAll("header [data-key], footer [data-key]")) {
  element.setAttribute("aria-keyshortcuts", element.dataset.key);
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  else if (event.target.matches("dialog")) event.target.close(); // a click beside the dialog
});
