// A text that is meant to be passed on is copied by a button; where the browser does not let a
// page copy (no https), it is selected, ready for the person's own keys.

const tell = (text) => document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));

function select(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copied(node) {
  try {
    await navigator.clipboard.writeText(node.textContent.trim());
    return true;
  } catch {
    select(node);
    return document.execCommand("copy");
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const worked = await copied(document.getElementById(button.dataset.copy));
  const said = worked ? button.dataset.copied : button.dataset.selected;
  button.closest("section").querySelector("[data-said-here]").textContent = said;
  tell(said);
});
