// Single keys as shortcuts. The page says what a key does: an element with data-key is pressed, or
// focused if it is a field. Of several the first visible one counts, so of rows the upper one. The
// page leaves this file out for people who switched shortcuts off.

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const FIELD = "input, textarea, select";

const isTyping = (target) => target instanceof Element && target.closest(TYPING) !== null;
const isUsable = (element) => element.checkVisibility() && !element.disabled;

// The element of the pressed key, if there is one. Keyboards need Shift alone for "?" and "/".
// The other modifiers belong to browsers and screen readers; so does a key that is held down or
// part of a composed character.
function elementFor(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (event.defaultPrevented || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const found = document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`);
  return [...found].find(isUsable);
}

document.addEventListener("keydown", (event) => {
  const element = event.key.length === 1 ? elementFor(event) : undefined;
  if (!element) return;
  event.preventDefault();
  if (!element.matches(FIELD)) return element.click();
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
