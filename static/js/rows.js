// The rows of the board: accessible names of their buttons, how many are selected, and no clicks on
// the wrong row.

const board = document.getElementById("board");

// Each button says which hold it is for. Written by the server, these names would make the page of
// a full board half as large again. Without scripts the headings of row and column say it.
function addNames() {
  for (const row of board.querySelectorAll("tr[data-version]:not([data-named])")) {
    const slot = row.querySelector("th a").textContent;
    const client = row.querySelector(".client").firstChild?.textContent.trim() ?? "";
    for (const control of row.querySelectorAll("[name=hold], .acts > :is(button, a)")) {
      const label = control.getAttribute("aria-label") ?? control.textContent;
      control.setAttribute("aria-label", `${label} ${slot} ${client}`.trim());
    }
    row.dataset.named = "";
  }
}

// The stylesheet counts too, but Chromium keeps its number when an update takes a selected row away.
function countSelected() {
  const count = board.querySelectorAll("#live tbody :checked").length;
  for (const button of board.querySelectorAll(".chosen")) button.dataset.selected = count;
}

for (const event of ["change", "reset", "htmx:after:swap"]) {
  document.addEventListener(event, () => queueMicrotask(countSelected));
}
window.addEventListener("pageshow", countSelected); // browsers tick boxes again on the way back

// What was done with the selected holds is listed above the board, and they are selected no more.
// Those that were selected while cal.com answered stay so.
let sent = new Set();

document.addEventListener("submit", ({ target, submitter }) => {
  if (target.id !== "live") return;
  const boxes = submitter?.matches(".chosen") ? target.querySelectorAll("tbody :checked") : [];
  sent = new Set(Array.from(boxes, (box) => box.closest("tr").id));
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.id !== "live" || ctx.response.status !== 200) return;
  for (const box of board.querySelectorAll("#live tbody :checked")) {
    if (sent.has(box.closest("tr").id)) box.checked = false;
  }
});

// An update moves rows. A click right after that, at the place where the pointer already was, was
// meant for the row that stood there before, and is ignored. A finger has no pointer position, and
// a key presses what has the focus.
const REACTION = 400; // milliseconds
const NEAR = 48; // pixels
let order = "";
let movedAt = -REACTION;
let pointer = { x: -NEAR, y: -NEAR };
let aim = pointer;

const currentOrder = () =>
  Array.from(board.querySelectorAll("tbody tr, .attention > li"), (row) => row.id).join();

document.addEventListener("pointermove", ({ clientX, clientY }) => {
  pointer = { x: clientX, y: clientY };
}, { passive: true });

// The row with the focus may be gone after an update. Then the next row gets it, not the page.
const isShown = (link) => link.getClientRects().length > 0;
const links = () => [...board.querySelectorAll("tbody th a, .attention > li a")].filter(isShown);
let focused = -1;

document.addEventListener("htmx:before:swap", () => {
  const row = document.activeElement.closest("#board tbody tr, #board .attention > li");
  order = currentOrder();
  focused = row ? links().findIndex((link) => row.contains(link)) : -1;
});
// It captures the event, because forms.js would give the focus to the page.
document.addEventListener("htmx:after:swap", () => {
  addNames();
  if (focused >= 0 && document.activeElement === document.body) {
    (links()[focused] ?? links().at(-1) ?? document.getElementById("main")).focus();
  }
  if (currentOrder() === order) return;
  movedAt = performance.now();
  aim = pointer;
}, true);

document.addEventListener("click", (event) => {
  const { clientX, clientY, detail, pointerType, target } = event;
  const isSoon = performance.now() - movedAt < REACTION;
  if (!detail || !isSoon || !target.closest("#board tbody")) return;
  const isNear = Math.hypot(clientX - aim.x, clientY - aim.y) < NEAR;
  if (!isNear && pointerType !== "touch") return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// A sheet to release from, which is loaded when it is first wanted.
document.addEventListener("click", (event) => {
  const link = event.target.closest("#board a[data-row-key=r]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  import(document.getElementById("release-sheet").dataset.script)
    .then(({ openFor }) => openFor(link))
    .catch(() => follow(link.href));
});

// Without a network the board stays, instead of a page of the browser that says so.
async function follow(address) {
  try {
    await fetch(address, { method: "HEAD" });
    location.assign(address);
  } catch {
    const text = document.getElementById("script-texts").content.querySelector("[data-text=unreachable]");
    document.dispatchEvent(new CustomEvent("holdfast:banner", { detail: text.textContent.trim() }));
  }
}

// Enter in the search field opens the hold if it is the only one found.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("[data-find] input")) return;
  const found = links();
  if (!event.target.value.trim() || found.length !== 1) return;
  event.preventDefault();
  found[0].click();
});

addNames();
