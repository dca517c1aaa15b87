// Release from the board: a sheet with a button for each reason. Version and reasons come from the
// form on the hold's page, to which the link leads without scripts or if the sheet cannot open.

const sheet = document.getElementById("release-sheet");
const reasons = sheet.querySelector("[data-reasons]");

async function readForm(link) {
  const answer = await fetch(link.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("release");
}

// The buttons belong to the form of the rows, so the answer is treated like that of a row's button.
function makeButton(radio, form) {
  const button = document.createElement("button");
  const version = form.querySelector("[name=version]").value;
  button.className = "button";
  button.setAttribute("form", "live");
  button.setAttribute("formaction", `${form.getAttribute("action")}?version=${version}`);
  button.name = radio.name;
  button.value = radio.value;
  button.textContent = radio.labels[0].textContent.trim();
  return button;
}

function open(link, form) {
  const row = link.closest("tr");
  const client = row.querySelector(".client").firstChild?.textContent.trim();
  const slot = row.querySelector("th a").textContent;
  sheet.querySelector("[data-what]").textContent = client ? `${slot} · ${client}` : slot;
  sheet.querySelector("[data-page]").href = link.href;
  const radios = [...form.querySelectorAll("[type=radio]")];
  reasons.replaceChildren(...radios.map((radio) => makeButton(radio, form)));
  sheet.showModal();
  reasons.querySelector("button")?.focus();
}

export async function openFor(link) {
  link.setAttribute("aria-busy", "true");
  try {
    open(link, await readForm(link));
  } finally {
    link.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  if (event.target === sheet || event.target.closest("#release-sheet button")) sheet.close();
});
