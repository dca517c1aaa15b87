// The rows of the board to the ear and under the hand.

const board = document.getElementById("board");

// Each button says which hold it is for. From the server this would make the page of a full board
// half as large again; without scripts the row's heading and its column's tell it.
function name() {
  for (const row of board.querySelectorAll("tr[data-face]:not([data-named])")) {
    const slot = row.querySelector("th a").textContent;
    const client = row.querySelector(".client").firstChild?.textContent ?? "";
    for (const act of row.querySelectorAll("[name=hold], .acts > *")) {
      const word = act.ariaLabel ?? act.textContent;
      act.ariaLabel = `${word} ${slot} ${client}`.trim();
    }
    row.dataset.named = "";
  }
}

// Rows move up and down when news come. A press right after that, where the pointer already was,
// was aimed at what stood there before: it is not taken. A finger hovers where nobody sees it, and
// a key presses what has the focus.
const AIM = 400; // milliseconds
const NEAR = 48; // pixels
let order = "";
let moved = -AIM;
let pointer = { x: -NEAR, y: -NEAR };
let aimed = pointer;

const standing = () =>
  Array.from(board.querySelectorAll("tbody tr, .attention > li"), (row) => row.id).join();

document.addEventListener("pointermove", ({ clientX, clientY }) => {
  pointer = { x: clientX, y: clientY };
}, { passive: true });

document.addEventListener("htmx:before:swap", () => (order = standing()));
document.addEventListener("htmx:after:swap", () => {
  name();
  if (standing() === order) return;
  moved = performance.now();
  aimed = pointer;
});

document.addEventListener("click", (event) => {
  const { clientX, clientY, detail, pointerType, target } = event;
  if (!detail || performance.now() - moved >= AIM || !target.closest("#board tbody")) return;
  const near = Math.hypot(clientX - aimed.x, clientY - aimed.y) < NEAR;
  if (!near && pointerType !== "touch") return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

name();
