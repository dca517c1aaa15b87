// Event types are found as they are typed: a select with many options (select[data-choose]) gets a
// field that lists those with all typed words, in any order and without accents. The select stays
// the form's field. Pattern: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

const ENOUGH = 12; // options; a shorter list is seen at once

const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));
const textOf = (name) =>
  document.getElementById("script-texts").content.querySelector(`[data-text=${name}]`).textContent;
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

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

  const items = () => [...list.children].filter((item) => !item.hidden);
  const current = () => list.querySelector("[aria-selected=true]");

  function mark(item) {
    current()?.removeAttribute("aria-selected");
    item?.setAttribute("aria-selected", "true");
    item?.scrollIntoView({ block: "nearest" });
    if (item) field.setAttribute("aria-activedescendant", item.id);
    else field.removeAttribute("aria-activedescendant");
  }

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
    mark(typed ? items()[0] : list.querySelector(`[data-index="${select.selectedIndex}"]`));
  }

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.value = select.selectedOptions[0]?.label ?? "";
    mark(null);
  }

  function choose(item) {
    if (!item || item.hasAttribute("aria-disabled")) return;
    const isOther = select.selectedIndex !== Number(item.dataset.index);
    select.selectedIndex = Number(item.dataset.index);
    close();
    field.select();
    if (isOther) select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function walk(step) {
    const all = items();
    if (list.hidden) return open("");
    mark(all[Math.min(Math.max(all.indexOf(current()) + step, 0), all.length - 1)]);
  }

  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => list.hidden && open(""));
  field.addEventListener("input", () => {
    open(field.value);
    announce(textOf("found").replace("{n}", items().length));
  });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const isOpen = !list.hidden;
    if (event.key === "ArrowDown") walk(1);
    else if (event.key === "ArrowUp") walk(-1);
    else if (event.key === "Enter" && isOpen) choose(current());
    else if (event.key === "Escape" && isOpen) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus
  list.addEventListener("click", (event) => choose(event.target.closest("li")));
  close();
}

const setUp = () => document.querySelectorAll("select[data-choose]").forEach(enhance);

// A swap brings the select without its field: the focus goes on to the new one.
let focused = "";
document.addEventListener("htmx:before:swap", () => {
  focused = document.activeElement.matches("[role=combobox]") ? document.activeElement.id : "";
});
document.addEventListener("htmx:after:swap", () => {
  for (const box of document.querySelectorAll(".choose")) {
    if (box.previousElementSibling?.dataset.enhanced !== "") box.remove();
  }
  setUp();
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
});
setUp();
