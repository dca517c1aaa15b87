// The frame of every page: the menu closes as menus do, the navigation marks the current page, and
// buttons copy a text.

document.documentElement.dataset.scripted = "";

const openMenus = () => document.querySelectorAll("details.menu[open]");

// What is chosen in a menu closes it too. The focus must not stay on what is hidden then.
document.addEventListener("click", ({ target }) => {
  for (const menu of openMenus()) {
    const isChosen = target.closest("a, button") !== null;
    if (menu.contains(target) && !isChosen) continue;
    if (isChosen && menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});

// So does leaving it with the keyboard.
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const menu = target.closest("details.menu[open]");
  if (menu && relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// No history entry for a refusal, which has no page of its own, unless it is of a search; nor for the
// page that is open.
document.addEventListener("htmx:before:history:update", (event) => {
  const { history, response, sourceElement } = event.detail;
  const isSearch = response.status === 422 && sourceElement.matches("form[method=get]");
  const current = location.pathname + location.search;
  if ((response.status >= 400 && !isSearch) || history.path === current) event.preventDefault();
});

// Back reloads the page. Forward that is pressed before its scripts are here changes the address only.
const withoutHash = (address) => address.split("#")[0];
const [opened] = performance.getEntriesByType("navigation");
if (opened?.type === "reload" && withoutHash(opened.name) !== withoutHash(location.href)) {
  location.reload();
}

document.addEventListener("htmx:after:history:update", () => {
  for (const link of document.querySelectorAll(".bar nav a")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
});

// Copy a text with a button. Where the browser does not let a page copy (without https), select the
// text instead, ready for the keyboard.

const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));

function select(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(node) {
  try {
    await navigator.clipboard.writeText(node.textContent.trim());
    return true;
  } catch {
    select(node);
    return document.execCommand("copy");
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const isCopied = await copy(document.getElementById(button.dataset.copy));
  const result = isCopied ? button.dataset.copied : button.dataset.selected;
  button.closest("section").querySelector("[data-copy-result]").textContent = result;
  announce(result);
});
