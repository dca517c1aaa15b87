// Copy a text with a button. Where the browser does not let a page copy (without https), select the
// text instead, ready for the keyboard.

const announce = (text) =>
  document.dispatchEvent(new CustomEvent("holdfast:say", { detail: text }));

function select(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(node) {
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
  const isCopied = await copy(document.getElementById(button.dataset.copy));
  const result = isCopied ? button.dataset.copied : button.dataset.selected;
  button.closest("section").querySelector("[data-copy-result]").textContent = result;
  announce(result);
});
