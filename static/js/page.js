// The frame around the content: the menu closes as menus do, the bar shows where one is.

const menus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A refusal has no page of its own, and a page that is there already needs no second entry.
document.addEventListener("htmx:before:history:update", (event) => {
  const { history: wish, response } = event.detail;
  const here = location.pathname + location.search;
  if (response.status >= 400 || wish.path === here) event.preventDefault();
});

document.addEventListener("htmx:after:history:update", () => {
  for (const link of document.querySelectorAll(".bar nav a")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
});
