"""Find a client in the browser as the server does."""

from __future__ import annotations

from playwright.sync_api import expect

from dashboard.localization.searching import finder, search_text
from tests.browser.user import User
from tests.localization.spellings import DIFFERENT, SAME

TYPE_EACH = """
(pairs) => {
  const row = document.querySelector("tr[data-version]");
  const field = document.querySelector("#find");
  const [name, contact] = [document.createTextNode(""), document.createElement("small")];
  row.querySelector(".client").replaceChildren(name, contact);
  return pairs.map(([stored, typed]) => {
    name.textContent = stored;
    contact.textContent = "12 7";
    field.value = typed;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return !row.hidden;
  });
}
"""


def test_browser_finds_what_the_server_finds(ada: User) -> None:
    pk = ada.place()
    ada.page.goto("/")
    ada.page.get_by_role("searchbox").fill("no such client")
    expect(ada.page.locator(f"#h{pk}")).to_be_hidden()  # once the script has its tables
    texts = [text for text, _typed in SAME + DIFFERENT]
    pairs = [(text, typed) for text in texts for _stored, typed in SAME + DIFFERENT]

    found = ada.page.evaluate(TYPE_EACH, pairs)

    expected = [finder(typed)(search_text(text, "12 7")) for text, typed in pairs]
    different = [pair for pair, a, b in zip(pairs, found, expected, strict=True) if a != b]
    assert different == []
    assert set(expected) == {True, False}
