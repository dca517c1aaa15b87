// Find a hold by client, contact or note, among the rows that the page has. The text stays in the
// page: it is personal data, and a request would carry it in its address.

const ANNOUNCE_AFTER = 700; // milliseconds after the last key

const field = () => document.querySelector("[data-find] input[type=search]");
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const searchText = (row) =>
  plain(row.dataset.searchText ?? row.querySelector(".client").textContent);
const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
const textOf = (name) =>
  document.getElementById("script-texts").content.querySelector(`[data-text=${name}]`).textContent;

let isFiltered = false;
let timer;

// Hide the rows that do not match. Return how many match, or undefined where nothing is looked for.
function filter() {
  const terms = plain(field()?.value ?? "").split(/\s+/).filter(Boolean);
  if (!terms.length && !isFiltered) return undefined;
  isFiltered = terms.length > 0;
  let found = 0;
  for (const part of document.querySelectorAll("[data-searched]")) {
    let foundHere = 0;
    for (const row of part.querySelectorAll("tbody tr, .attention > li")) {
      row.hidden = !terms.every((term) => searchText(row).includes(term));
      foundHere += row.hidden ? 0 : 1;
    }
    part.hidden = !foundHere;
    found += foundHere;
  }
  const noMatch = document.querySelector("[data-no-match]");
  if (noMatch) noMatch.hidden = found > 0 || !document.querySelector("[data-searched]");
  return found;
}

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  const found = filter();
  clearTimeout(timer);
  timer = setTimeout(
    () => found >= 0 && announce(textOf("found").replace("{n}", found)),
    ANNOUNCE_AFTER,
  );
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-find]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  filter();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target !== field()) return;
  field().value = "";
  filter();
});

document.addEventListener("htmx:before:settle", filter);
filter();
