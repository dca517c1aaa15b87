// The frame of every page: the menu closes as menus do, the navigation marks the current page.

document.documentElement.classList.add("scripted");

const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// No history entry for a refusal, which has no page of its own, nor for the page that is open.
document.addEventListener("htmx:before:history:update", (event) => {
  const { history, response } = event.detail;
  const current = location.pathname + location.search;
  if (response.status >= 400 || history.path === current) event.preventDefault();
});

document.addEventListener("htmx:after:history:update", () => {
  for (const link of document.querySelectorAll(".bar nav a")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
});
