// Find a hold by client, contact or note, among the rows that the page has. The text stays in the
// page: it is personal data, and a request would carry it in its address.
//
// Each row has the text to search, made by dashboard/localization/searching.py. What is typed is
// folded here in the same way, with the same tables.

const ANNOUNCE_AFTER = 700; // milliseconds after the last key

const field = () => document.querySelector("[data-find] input[type=search]");
const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
const textOf = (name) =>
  document.getElementById("script-texts").content.querySelector(`[data-text=${name}]`).textContent;

const tables = JSON.parse(document.querySelector("meta[name=search-tables]").content);
const MARKS = new RegExp(`[${tables.marks}]`, "gu");
const GAP = /[\s\u2010-\u2015\u2212-]+/u;
const NUMBER = /\+?\(?[0-9][0-9 ()./-]*[0-9]/gu;
const NUMBER_TERM = /^[0-9+()./]+$/u;
const COUNTRY_CODE = new RegExp(`^(?:${tables.countryCode})`, "u");

const replaceLetters = (text, letters) => Array.from(text, (one) => letters[one] ?? one).join("");
const spelled = (text) => replaceLetters(text.normalize("NFC").toLowerCase(), tables.spellings);

function fold(text) {
  const plain = replaceLetters(text.toLowerCase(), tables.letters).normalize("NFKD");
  const lower = plain.replace(MARKS, "").toLowerCase();
  return replaceLetters(lower, tables.letters).trim().replace(/\s+/gu, " ");
}

// Return country code and national number without trunk zero; no code in a local number.
function splitNumber(number, allDigits) {
  const isShort = allDigits.startsWith("0") || allDigits.length < tables.international;
  const isForeign = allDigits.startsWith("00");
  if (isShort && !isForeign && !number.startsWith("+")) return ["", allDigits.replace(/^0/u, "")];
  const digits = isForeign ? allDigits.slice(2) : allDigits;
  const code = digits.match(COUNTRY_CODE)?.[0] ?? "";
  const national = digits.slice(code.length);
  return [code, code === tables.keepsZero ? national : national.replace(/^0/u, "")];
}

// Return all forms in which a typed word or number may stand in a row.
function formsOf(word) {
  const folded = fold(word);
  const forms = [folded, fold(spelled(word))];
  const digits = NUMBER_TERM.test(folded) ? folded.replace(/[^0-9]/gu, "") : "";
  if (digits) {
    const [code, national] = splitNumber(folded, digits);
    forms.push(digits, code && code + national);
    if (national.length >= tables.shortest) forms.push(`#${national}`);
  }
  return forms.filter(Boolean);
}

// Return what is typed, as terms with their forms. A number may be typed in groups, and two
// numbers may be meant as two words, so it can be read in two ways.
function readingsOf(text) {
  const inOne = fold(text).replace(NUMBER, (run) => run.split(GAP).join(""));
  return [text, inOne].map((one) =>
    one.split(GAP).map(formsOf).filter((forms) => forms.length)
  );
}

let isFiltered = false;
let timer;

// Hide the rows that do not match. Return how many match, or undefined where nothing is looked for.
function filter() {
  const readings = readingsOf(field()?.value ?? "");
  const hasTerms = readings[0].length > 0;
  if (!hasTerms && !isFiltered) return undefined;
  isFiltered = hasTerms;
  const matches = (text) =>
    readings.some((terms) => terms.every((forms) => forms.some((form) => text.includes(form))));
  let found = 0;
  for (const part of document.querySelectorAll("[data-searched]")) {
    let foundHere = 0;
    for (const row of part.querySelectorAll("tbody tr, .attention > li")) {
      row.hidden = !matches(row.dataset.searchText);
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
