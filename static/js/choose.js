// Fields with a list of what fits as one types: event types, and clients of the register.
// Pattern: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

const ENOUGH = 12; // options; a shorter list is seen at once

const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
const textOf = (name) =>
  document.getElementById("script-texts").content.querySelector(`[data-text=${name}]`).textContent;
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const marked = (list) => list.querySelector("[aria-selected=true]");

function mark(field, list, item) {
  marked(list)?.removeAttribute("aria-selected");
  item?.setAttribute("aria-selected", "true");
  item?.scrollIntoView({ block: "nearest" });
  if (item) field.setAttribute("aria-activedescendant", item.id);
  else field.removeAttribute("aria-activedescendant");
}

function walk(field, list, step) {
  const all = [...list.children].filter((item) => !item.hidden);
  mark(field, list, all[Math.min(Math.max(all.indexOf(marked(list)) + step, 0), all.length - 1)]);
}

// In a field of a form, Enter sends the form while no option is marked.
function press(event, list, { open, close, choose }) {
  if (event.isComposing) return;
  const field = event.target;
  const isOpen = !list.hidden;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && isOpen) walk(field, list, step);
  else if (step) open();
  else if (event.key === "Enter" && isOpen && (marked(list) || !field.name)) choose(marked(list));
  else if (event.key === "Escape" && isOpen) close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// Event types: a select with many options (select[data-choose]) gets a field that lists those with
// all typed words, in any order and without accents. The select stays the form's field.

function makeList(select) {
  const list = document.createElement("ul");
  list.id = `${select.id}_list`;
  list.setAttribute("role", "listbox");
  list.hidden = true;
  list.setAttribute("aria-label", select.labels[0]?.textContent.trim() ?? "");
  for (const option of select.options) {
    if (!option.value) continue;
    const group = option.closest("optgroup")?.label ?? "";
    const item = document.createElement("li");
    item.id = `${list.id}_${option.index}`;
    item.setAttribute("role", "option");
    item.textContent = option.label;
    item.dataset.index = option.index;
    item.dataset.words = fold(`${option.label} ${group}`);
    if (option.disabled) item.setAttribute("aria-disabled", "true");
    if (group && group !== list.lastElementChild?.dataset.group) item.dataset.first = group;
    item.dataset.group = group;
    list.append(item);
  }
  return list;
}

function makeField(select, list) {
  const field = document.createElement("input");
  field.id = `${select.id}_find`;
  field.type = "text";
  field.setAttribute("role", "combobox");
  field.autocomplete = "off";
  field.spellcheck = false;
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (select.hasAttribute(name)) field.setAttribute(name, select.getAttribute(name));
  }
  return field;
}

// Put the field with its list in the select's place, where there is enough to choose from.
function enhance(select) {
  if (select.options.length <= ENOUGH || select.dataset.enhanced === "") return;
  select.dataset.enhanced = "";
  const list = makeList(select);
  const field = makeField(select, list);
  const box = document.createElement("div");
  box.className = "choose";
  box.append(field, list);
  for (const label of select.labels) label.htmlFor = field.id;
  select.hidden = true;
  select.after(box);

  function open(typed) {
    const words = fold(typed).split(/\s+/u).filter(Boolean);
    let group;
    for (const item of list.children) {
      item.hidden = !words.every((word) => item.dataset.words.includes(word));
      const isFirst = !item.hidden && item.dataset.group !== group;
      if (!item.hidden) group = item.dataset.group;
      if (isFirst && group) item.dataset.first = group;
      else delete item.dataset.first;
    }
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    const first = list.querySelector(":not([hidden])");
    mark(field, list, typed ? first : list.querySelector(`[data-index="${select.selectedIndex}"]`));
  }

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.value = select.selectedOptions[0]?.label ?? "";
    mark(field, list, null);
  }

  function choose(item) {
    if (!item || item.hasAttribute("aria-disabled")) return;
    const isOther = select.selectedIndex !== Number(item.dataset.index);
    select.selectedIndex = Number(item.dataset.index);
    close();
    field.select();
    if (isOther) select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => list.hidden && open(""));
  field.addEventListener("input", () => {
    open(field.value);
    const found = list.querySelectorAll(":not([hidden])").length;
    announce(textOf("found").replace("{n}", found));
  });
  field.addEventListener("blur", close);
  select.addEventListener("change", close); // also where another script has chosen
  const acts = { open: () => open(""), close, choose };
  field.addEventListener("keydown", (event) => press(event, list, acts));
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus
  list.addEventListener("click", (event) => choose(event.target.closest("li")));
  close();
}

const setUp = () => document.querySelectorAll("select[data-choose]").forEach(enhance);

// A swap brings the select without its field: the focus goes on to the new one.
let focused = "";
document.addEventListener("htmx:before:swap", () => {
  focused = document.activeElement.closest(".choose") ? document.activeElement.id : "";
});
document.addEventListener("htmx:after:swap", () => {
  for (const box of document.querySelectorAll(".choose")) {
    if (box.previousElementSibling?.dataset.enhanced !== "") box.remove();
  }
  setUp();
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
});
setUp();

// Clients: one list, below the client's field that is typed in. It comes from the server when typing
// rests, and where that fails, there is none. Choosing one leaves what was typed in the other field.

const ASK_AFTER = 250; // milliseconds
const LEAST = 2; // characters
const clients = document.createElement("ul");
clients.id = "clients";
clients.hidden = true;
clients.setAttribute("role", "listbox");
let timer, request, typedIn;

function closeClients() {
  clearTimeout(timer);
  request?.abort();
  clients.hidden = true;
  typedIn?.setAttribute("aria-expanded", "false");
  if (typedIn) mark(typedIn, clients, null);
}

async function openClients() {
  closeClients();
  const typed = typedIn.value.trim();
  if (typed.length < LEAST) return;
  request = new AbortController();
  const { signal } = request;
  const headers = { "HX-Request": "true", "Holdfast-Find": encodeURIComponent(typed) };
  try {
    const answer = await fetch(typedIn.dataset.clients, { headers, signal });
    clients.innerHTML = answer.ok ? await answer.text() : "";
  } catch {
    return;
  }
  clients.hidden = signal.aborted || !clients.querySelector("[role=option]");
  if (clients.hidden) return;
  typedIn.setAttribute("aria-expanded", "true");
  announce(textOf("found").replace("{n}", clients.children.length));
}

function chooseClient(item) {
  if (!item) return;
  closeClients();
  for (const field of typedIn.form.querySelectorAll("input[data-clients]")) {
    const text = field.name === "client_name" ? item.dataset.name : item.dataset.contact;
    if (field === typedIn ? text : !field.value.trim()) field.value = text;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

// The list is put below the field that has the focus. The answer to a form brings fields without it.
function bindClients({ target }) {
  if (!target.matches?.("input[data-clients]:read-write")) return;
  closeClients();
  typedIn = target;
  typedIn.after(clients);
  clients.setAttribute("aria-label", typedIn.labels[0].textContent.trim());
  typedIn.setAttribute("role", "combobox");
  typedIn.setAttribute("aria-autocomplete", "list");
  typedIn.setAttribute("aria-controls", clients.id);
  typedIn.setAttribute("aria-expanded", "false");
}

document.addEventListener("focusin", bindClients);
document.addEventListener("focusout", closeClients);
document.addEventListener("submit", closeClients, true);
document.addEventListener("input", (event) => {
  bindClients(event);
  if (event.target === typedIn) timer = setTimeout(openClients, ASK_AFTER);
});
const acts = { open: openClients, close: closeClients, choose: chooseClient };
document.addEventListener("keydown", (event) => {
  if (event.target === typedIn) press(event, clients, acts);
});
clients.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus
clients.addEventListener("click", (event) => chooseClient(event.target.closest("li")));
bindClients({ target: document.activeElement });
