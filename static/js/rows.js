// The rows of the board: accessible names of their buttons, and no clicks on the wrong row.

const board = document.getElementById("board");

// Each button says which hold it is for. Written by the server, these names would make the page of
// a full board half as large again. Without scripts the headings of row and column say it.
function addNames() {
  for (const row of board.querySelectorAll("tr[data-version]:not([data-named])")) {
    const slot = row.querySelector("th a").textContent;
    const client = row.querySelector(".client").firstChild?.textContent.trim() ?? "";
    for (const control of row.querySelectorAll("[name=hold], .acts > *")) {
      const label = control.ariaLabel ?? control.textContent;
      control.ariaLabel = `${label} ${slot} ${client}`.trim();
    }
    row.dataset.named = "";
  }
}

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

document.addEventListener("htmx:before:swap", () => (order = currentOrder()));
document.addEventListener("htmx:after:swap", () => {
  addNames();
  if (currentOrder() === order) return;
  movedAt = performance.now();
  aim = pointer;
});

document.addEventListener("click", (event) => {
  const { clientX, clientY, detail, pointerType, target } = event;
  const isSoon = performance.now() - movedAt < REACTION;
  if (!detail || !isSoon || !target.closest("#board tbody")) return;
  const isNear = Math.hypot(clientX - aim.x, clientY - aim.y) < NEAR;
  if (!isNear && pointerType !== "touch") return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

addNames();
