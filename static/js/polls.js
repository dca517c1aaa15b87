// Parts of a page that poll ([data-poll]). Each sends the ETag of what it shows, so that "nothing
// new" is an answer without a body. What a person has opened, typed or focused stays.

const LIVE = new Set(["board", "log-news"]);
const isPoll = (ctx) => ctx?.sourceElement?.matches("[data-poll]");
const urlOf = (element) => new URL(element.getAttribute("hx-get"), document.baseURI).href;

document.addEventListener("htmx:config:request", ({ detail }) => {
  const { ctx } = detail;
  if (!isPoll(ctx)) return;
  const { etag } = ctx.sourceElement.dataset;
  const { user } = document.documentElement.dataset; // who signed in later is told nothing here
  if (user) ctx.request.headers["Holdfast-User"] = user;
  if (etag) ctx.request.headers["If-None-Match"] = etag;
});

// While a form of the part is on its way, its answer comes first: the focus would go with the form.
const isBusy = ({ sourceElement: part }) =>
  part.dataset.poll === "part" && part.querySelector("[aria-busy=true]") !== null;

// While a colleague changes the hold, its forms are gone for a moment, and what was typed or chosen
// would go too.
const ENTERED = "[data-typed], [type=radio]:checked:not([value=''])";
const isPassing = ({ sourceElement: part, text }) =>
  part.querySelector(ENTERED) !== null && /^\s*<div[^>]*\sdata-passing>/.test(text ?? "");

for (const event of ["htmx:config:request", "htmx:before:swap"]) {
  document.addEventListener(event, (sent) => {
    const { ctx } = sent.detail;
    if (isPoll(ctx) && (isBusy(ctx) || isPassing(ctx))) sent.preventDefault();
  });
}

// The session has ended, or is another person's by now: only the board and the log that is followed
// go to the sign-in, or are opened anew, at once, because they would be out of date. On other pages
// sending the form leads there, and what was typed is kept.
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (isPoll(ctx) && ctx.hx.redirect && !LIVE.has(ctx.sourceElement.id)) event.preventDefault();
});

// What the log that is followed said last is not known to be so any more. Its next answer replaces this.
function showStale({ detail: { ctx } }) {
  const part = ctx?.sourceElement;
  if (part?.id !== "log-news" || ctx.response?.status < 400) return;
  const text = document.getElementById("script-texts").content.querySelector("[data-text=stale]");
  const since = part.querySelector("time").textContent;
  const stale = text.textContent.replace("{time}", since);
  const line = part.querySelector("[role=status]");
  if (line.textContent !== stale) line.textContent = stale; // each new text is read out
}
document.addEventListener("htmx:after:request", showStale);
document.addEventListener("htmx:error", showStale);

// A poll of a hold's page brings what another person or the time has changed: it is read out. If it
// takes away what has the focus, the page gets it.
const isOfPage = ({ sourceElement }) => sourceElement?.dataset.poll === "part";
const textOf = (element) => element.innerText.replace(/\s+/g, " ").trim(); // not what is only printed
let facts = [];
let hadFocus = false;

// Return the states, notices and story that the part shows. In a list a state names its hold. How
// often the system has tried is left out: it changes every few seconds.
function factsOf(part) {
  const shown = [...part.querySelectorAll(".tag:not(.story *), .notice, .story p:not(.soft)")];
  return shown.filter((one) => one.getClientRects().length > 0 && !one.closest("#times")).map((one) => {
    const hold = one.matches("li .tag") && one.closest("li").querySelector("a");
    return hold ? `${textOf(hold)}: ${textOf(one)}` : textOf(one);
  });
}

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  if (!isOfPage(ctx)) return;
  facts = factsOf(ctx.sourceElement);
  hadFocus = ctx.sourceElement.contains(document.activeElement);
});
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!isOfPage(ctx)) return;
  const part = document.getElementById(ctx.sourceElement.id);
  for (const detail of part ? factsOf(part) : []) {
    if (!facts.includes(detail)) document.dispatchEvent(new CustomEvent("holdfast:say", { detail }));
  }
  if (hadFocus && document.activeElement === document.body) {
    document.getElementById("main").focus({ preventScroll: true });
  }
});

// Drop an answer that is no longer wanted, such as that of a tab which was left meanwhile.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!isPoll(ctx)) return;
  const requested = new URL(ctx.request.action, document.baseURI).href;
  // What hx-include adds comes after the address.
  if (!requested.startsWith(urlOf(ctx.sourceElement))) event.preventDefault();
});

// Attributes that only the browser sets: what a person opened, rows that the search hides, and a
// form that came back with text that is not saved.
const LOCAL = { DETAILS: "open", DIALOG: "open", TR: "hidden", LI: "hidden", FORM: "data-saved" };

// The answer to a poll has no refused text and no choice. Only a field that shows what is saved, and
// that was not touched, follows it.
function isOwn(element, name) {
  if (!element.matches("[data-poll=part] input:not([type=hidden])")) return false;
  const isUntouched = element.value === element.defaultValue && element.form?.matches("[data-saved]");
  return name === "checked" || (name === "value" && !isUntouched);
}

// What tells a row from another, also from that of a hold that got its number after a restore.
const shownBy = (row) => [
  row.dataset.version,
  ...Array.from(row.querySelectorAll("time, th, [translate=no]"), (cell) => cell.textContent),
].join("\n");

htmx.registerExtension("keep-local-state", {
  // A row that shows the same is not touched at all.
  htmx_before_morph_node: (_, { oldNode, newNode }) =>
    !(oldNode.dataset?.version && newNode.dataset?.version && shownBy(oldNode) === shownBy(newNode)),
  htmx_before_morph_attr: (element, { attrName }) =>
    LOCAL[element.tagName] !== attrName && !isOwn(element, attrName),
});
