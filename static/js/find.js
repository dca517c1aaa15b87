// Find a hold by client, contact or note, among the rows that the page has, and then among all that
// have ended: those the server finds. It gets the text in a header, because it is personal data and
// an address stands in logs.
//
// Rows and what is typed are folded as in dashboard/localization/searching.py, with its tables.

const ANNOUNCE_AFTER = 700; // milliseconds after the last key
const ASK_AFTER = 300;
const SHORTEST = 2; // characters that are looked for among holds that have ended

const field = () => document.querySelector("[data-find] input[type=search]");
const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
const textOf = (name) =>
  document.getElementById("script-texts").content.querySelector(`[data-text=${name}]`).textContent;

const url = document.querySelector("meta[name=search-tables]").content;
const tables = await (await fetch(url)).json();
const LETTERS = Object.assign({}, ...Object.values(tables.letters));
const MARKS = new RegExp(`[${tables.marks}]`, "gu");
const GAP = /[\s\u2010-\u2015\u2212-]+/u;
const NUMBER = /\+?\(?[0-9][0-9 ()./-]*[0-9]/gu;
const NUMBER_TERM = /^[0-9+()./]+$/u;
const COUNTRY_CODE = new RegExp(`^(?:${tables.countryCode})`, "u");

const replaceLetters = (text, letters) => Array.from(text, (one) => letters[one] ?? one).join("");
const spelled = (text) => replaceLetters(text.normalize("NFC").toLowerCase(), tables.spellings);

function fold(text) {
  const plain = replaceLetters(text.toLowerCase(), LETTERS).normalize("NFKD");
  const lower = plain.replace(MARKS, "").toLowerCase();
  return replaceLetters(lower, LETTERS).trim().replace(/\s+/gu, " ");
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

// Hide the rows that do not match, but none that is selected, which would be released unseen. Return
// how many match, or undefined where nothing is looked for.
function filter() {
  const readings = readingsOf(field()?.value ?? "");
  const hasTerms = readings[0].length > 0;
  if (!hasTerms && !isFiltered) return undefined;
  isFiltered = hasTerms;
  const matches = (text) =>
    readings.some((terms) => terms.every((forms) => forms.some((form) => text.includes(form))));
  let found = 0;
  for (const part of document.querySelectorAll("[data-searched]")) {
    part.hidden = true;
    for (const row of part.querySelectorAll("tbody tr, .attention > li")) {
      const isFound = matches(searchTextOf(row));
      row.hidden = !isFound && !row.querySelector("[name=hold]:checked");
      if (!row.hidden) part.hidden = false;
      found += isFound ? 1 : 0;
    }
  }
  for (const part of document.querySelectorAll("[data-unless-find]")) part.hidden = hasTerms;
  const isSearched = document.querySelector("[data-searched]") !== null;
  const noMatch = document.querySelector("[data-no-match]");
  if (noMatch) noMatch.hidden = found > 0 || !isSearched;
  return isSearched ? found : undefined;
}

// Holds that have ended are asked for when typing rests, and their number is read out.
const wanted = () => field()?.value.trim() ?? "";
const past = () => document.getElementById("past");
let asked = ""; // for this text
let askTimer;

function askForPast() {
  const text = wanted();
  if (text === asked) return;
  clearTimeout(askTimer);
  asked = text;
  if (text.length < SHORTEST) past().replaceChildren();
  else askTimer = setTimeout(() => htmx.trigger(past(), "find"), ASK_AFTER);
}

const isOfPast = (ctx) => ctx.sourceElement?.closest("#past");

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (isOfPast(ctx)) ctx.request.headers["Holdfast-Find"] = encodeURIComponent(wanted());
});

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  const isLate = isOfPast(ctx) && ctx.request.headers["Holdfast-Find"] !== encodeURIComponent(wanted());
  if (isLate) event.preventDefault();
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target?.id === "board" && ctx.request.method === "POST") asked = ""; // it may end a hold
  if (!isOfPast(ctx)) return;
  const heading = past().querySelector("h2");
  if (ctx.sourceElement !== past()) heading.focus();
  else announce(heading.textContent.trim());
});

document.addEventListener("input", (event) => {
  if (event.target !== field()) return;
  const found = filter();
  askForPast();
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
  filter();
  askForPast();
}

document.addEventListener("htmx:before:settle", refresh);
refresh();
