// Find a hold by client, contact or note, among the rows that the page has. The text stays in the
// page: it is personal data, and a request would carry it in its address. Only holds that have ended
// are searched by the server, because the page does not have them all: the board's poll then brings
// the text in a header.
//
// Rows and what is typed are folded as in dashboard/localization/searching.py, with its tables.

const ANNOUNCE_AFTER = 700; // milliseconds after the last key
const ASK_AFTER = 300;

const field = () => document.querySelector("[data-find] input[type=search]");
const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
const textOf = (name) =>
  document.getElementById("script-texts").content.querySelector(`[data-text=${name}]`).textContent;

const url = document.querySelector("meta[name=search-tables]").content;
const tables = await (await fetch(url)).json();
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

// Return a number with and without country code; "#" marks one whose country is not known.
function formsOfNumber(number) {
  const digits = number.replace(/[^0-9]/gu, "");
  const [code, national] = splitNumber(number, digits);
  if (number.startsWith("+") || digits.startsWith("00")) {
    return [code + national, (tables.trunks[code] ?? "0") + national];
  }
  const forms = [digits, `#${digits.replace(/^0+/u, "")}`];
  return code ? [...forms, `0${national}`] : forms;
}

function searchText(texts) {
  const folded = texts.map(fold).join("\n");
  const spelledOut = texts.map((text) => fold(spelled(text))).join("\n");
  const numbers = (folded.match(NUMBER) ?? []).flatMap(formsOfNumber);
  return [folded, spelledOut, ...numbers].join("\n");
}

// Return the text to search of a row: what its cell shows. Others bring it, as they show less.
const searched = new WeakMap();
function searchTextOf(row) {
  const cell = row.querySelector("td.client");
  if (!cell) return row.dataset.searchText;
  const shown = cell.textContent;
  if (searched.get(row)?.shown !== shown) {
    const text = searchText(Array.from(cell.childNodes, (node) => node.textContent));
    searched.set(row, { shown, text });
  }
  return searched.get(row).text;
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
      row.hidden = !matches(searchTextOf(row));
      foundHere += row.hidden ? 0 : 1;
    }
    part.hidden = !foundHere;
    found += foundHere;
  }
  const noMatch = document.querySelector("[data-no-match]");
  if (noMatch) noMatch.hidden = found > 0 || !document.querySelector("[data-searched]");
  return found;
}

const isOnServer = () => field()?.form.dataset.find === "server";
const wanted = () => field().value.trim();
let asked; // the server, for this text

function ask() {
  asked = wanted();
  htmx.trigger("#board", "refresh");
}

// Ask for what the page does not show, and say how much there is once it does.
function askServer() {
  clearTimeout(timer);
  if (field().dataset.foundFor !== wanted()) {
    if (asked !== wanted()) timer = setTimeout(ask, ASK_AFTER);
  } else if (asked === wanted()) {
    const found = document.querySelectorAll("#board tr[id^=e]").length;
    if (asked) announce(textOf("found").replace("{n}", found));
    asked = undefined;
  }
}

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement?.id !== "board" || !isOnServer() || !wanted()) return;
  ctx.request.headers["Holdfast-Find"] = encodeURIComponent(wanted());
});

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  if (isOnServer()) {
    askServer();
    return;
  }
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
  refresh();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target !== field()) return;
  field().value = "";
  refresh();
});

function refresh() {
  if (isOnServer()) askServer();
  else filter();
}

document.addEventListener("htmx:before:settle", refresh);
refresh();
