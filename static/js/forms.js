// Send each form once, and move the focus after the answer.

const sent = new Map(); // form → the button that sent it
const RELEASE_AFTER = 20000; // milliseconds after which a plain form can be sent again

const isSentByHtmx = (form) => form.matches("[hx-post], [hx-boost]");

function release(form) {
  sent.get(form)?.removeAttribute("aria-busy");
  sent.delete(form);
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (sent.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    sent.set(form, event.submitter);
    event.submitter?.setAttribute("aria-busy", "true");
    if (!isSentByHtmx(form)) setTimeout(release, RELEASE_AFTER, form);
  },
  true,
);

// Only the form that this request was: a poll may end while a form is still on its way.
document.addEventListener("htmx:finally:request", (event) => {
  release(event.detail.ctx.sourceElement);
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of sent.keys()) release(form);
});

// A form with text that is not sent yet has [data-typed]. In a form that writes, text that the page
// came with counts too: it may be back from a refusal or from before a sign-in. Not so where it is
// saved already, in a form with [data-saved]. A field without a name only helps to fill in another.
const NOT_TYPED = ":not([name]), :disabled, [readonly], [type=hidden], [type=checkbox], [type=radio]";

function isTyped(field) {
  if (field.matches(NOT_TYPED)) return false;
  const isText = field.matches("textarea, [type=text]:not([inputmode])");
  const isSaved = "saved" in field.form.dataset;
  if (isText && !isSaved && field.form.method === "post") return field.value.trim() !== "";
  if (field.matches("select")) {
    const options = [...field.options];
    return options.some((one) => one.defaultSelected && !one.selected);
  }
  return field.matches("input, textarea") && field.value !== field.defaultValue;
}

function markTyped() {
  for (const form of document.querySelectorAll("main form:not([data-find], .filters)")) {
    form.toggleAttribute("data-typed", [...form.elements].some(isTyped));
  }
}

const typedInto = (forms) => [...forms].flatMap((form) => [...form.elements]).filter(isTyped)
  .map((field) => ({ id: field.id, value: field.value }));

// The answer to one form of a hold's page leaves what is typed into the others. A poll may take a
// form away, such as when the hold has ended: then a message shows the text.
let typedElsewhere = [];
let typedInPart = [];

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const forms = ctx.request.method === "POST" ? [...document.querySelectorAll("#hold form[data-typed]")] : [];
  typedElsewhere = typedInto(forms.filter((form) => form !== ctx.sourceElement));
  const isPart = ctx.sourceElement.matches("[data-poll=part]");
  typedInPart = isPart ? typedInto(ctx.sourceElement.querySelectorAll("form[data-typed][method=post]")) : [];
});

document.addEventListener("htmx:after:swap", () => {
  const gone = typedInPart.splice(0).filter(({ id }) => !document.getElementById(id));
  if (gone.length === 0) return;
  const text = document.getElementById("script-texts").content.querySelector("[data-text=gone]");
  const detail = text.textContent.replace("{text}", () => gone.map(({ value }) => value).join(" · "));
  document.dispatchEvent(new CustomEvent("holdfast:banner", { detail }));
});

document.addEventListener("htmx:after:swap", () => {
  for (const { id, value } of typedElsewhere.splice(0)) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.value = value;
    field.closest("details")?.setAttribute("open", "");
  }
});

for (const name of ["input", "change", "htmx:after:swap"]) {
  document.addEventListener(name, markTyped);
}
markTyped();

// Screen readers do not notice that another page was swapped in: say what it is about.
function announcePage() {
  const all = [...document.querySelectorAll("main .tag, main h1")];
  const parts = all.filter((part) => !part.closest("[hidden]")).slice(0, 2);
  const text = parts.map((part) => part.textContent.replace(/\s+/g, " ").trim()).join(": ");
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
}

// A form that was folded out is folded in again by its answer: its summary gets the focus. htmx gives
// it to the field with the same id, which on another page is that of another form.
const pageId = () => document.querySelector("main section")?.id;
let unfolded, page;
document.addEventListener("htmx:before:swap", () => {
  unfolded = document.activeElement.closest("details[id]")?.id;
  page = pageId();
});
const summary = () => document.getElementById(unfolded)?.querySelector("summary");

// The answer to a form may take the focus, a poll never does.
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.swap === "none" || ctx.request.method === "GET") return;
  const first = document.querySelector("[data-focus-first]");
  if (pageId() !== page) document.activeElement.blur();
  if (first) first.focus();
  else if (document.activeElement !== document.body) return;
  else if (summary()) summary().focus();
  else {
    document.getElementById("main").focus({ preventScroll: true });
    scrollTo(0, 0); // like a new page, which begins with the header
    if (!document.querySelector("#messages.toast")?.textContent.trim()) announcePage();
  }
});

// A plain page that came back with errors starts at them as well, also where the browser gives the
// focus to a field when the page is complete.
const first = document.querySelector("[data-focus-first]");
if (first) {
  for (const field of document.querySelectorAll("[autofocus]")) field.autofocus = false;
  first.focus();
}
