// Single keys as shortcuts. What a key does stands in the page: an element with data-key is pressed,
// or focused if it is a field. The first one that can be seen counts, so of several rows the upper.
// Whoever switched the keys off does not get this file.

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const FIELD = "input, textarea, select";

const isTyping = (target) => target instanceof Element && target.closest(TYPING) !== null;
const isShown = (element) => element.checkVisibility() && !element.disabled;

function meant(event) {
  // Shift alone is how some keyboards make "?" and "/". The others belong to the browser and to
  // screen readers, and so does a key that is held down or part of a composed character.
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (event.defaultPrevented || isTyping(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const found = document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`);
  return [...found].find(isShown);
}

document.addEventListener("keydown", (event) => {
  const element = event.key.length === 1 ? meant(event) : undefined;
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
  else if (event.target.matches("dialog")) event.target.close(); // on what lies around it
});
