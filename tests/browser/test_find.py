"""Find a client in the browser as the server does."""

from __future__ import annotations

from dashboard.localization.searching import finder, search_text
from tests.browser.user import User
from tests.localization.spellings import DIFFERENT, SAME

TYPE_EACH = """
(pairs) => {
  const row = document.querySelector("tr[data-search-text]");
  const field = document.querySelector("#find");
  return pairs.map(([searched, typed]) => {
    row.dataset.searchText = searched;
    field.value = typed;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return !row.hidden;
  });
}
"""


def test_browser_finds_what_the_server_finds(ada: User) -> None:
    ada.place()
    ada.page.goto("/")
    stored = [text for text, _typed in SAME + DIFFERENT]
    pairs = [(search_text(text), typed) for text in stored for _stored, typed in SAME + DIFFERENT]

    found = ada.page.evaluate(TYPE_EACH, pairs)

    expected = [finder(typed)(searched) for searched, typed in pairs]
    different = [pair for pair, a, b in zip(pairs, found, expected, strict=True) if a != b]
    assert different == []
    assert set(expected) == {True, False}
