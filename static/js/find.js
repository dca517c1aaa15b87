// Find a hold by its client, contact or note while typing, among the rows that are there. What is
// typed stays in this page: it is personal data, and would stand in the address of a request.

const field = () => document.querySelector("[data-find] input[type=search]");
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const said = (row) => plain(row.dataset.said ?? row.querySelector(".client").textContent);
const tell = (text) => document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
const word = (name) =>
  document.getElementById("words").content.querySelector(`[data-word=${name}]`).textContent;

let looking = false;
let spoken;

function look() {
  const words = plain(field()?.value ?? "").split(/\s+/).filter(Boolean);
  if (!words.length && !looking) return undefined;
  looking = words.length > 0;
  let found = 0;
  for (const part of document.querySelectorAll("[data-found-in]")) {
    let here = 0;
    for (const row of part.querySelectorAll("tbody tr, .attention > li")) {
      row.hidden = !words.every((one) => said(row).includes(one));
      here += row.hidden ? 0 : 1;
    }
    part.hidden = !here;
    found += here;
  }
  const nothing = document.querySelector("[data-nothing]");
  if (nothing) nothing.hidden = found > 0 || !document.querySelector("[data-found-in]");
  return found;
}

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  const found = look();
  clearTimeout(spoken);
  spoken = setTimeout(() => found >= 0 && tell(word("found").replace("{n}", found)), 700);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-find]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  look();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target !== field()) return;
  field().value = "";
  look();
});

document.addEventListener("htmx:before:settle", look);
look();
