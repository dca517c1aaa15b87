"""Find names and numbers however they are spelled."""

import pytest

from dashboard.localization.folding import fold
from dashboard.localization.searching import finder, readings, search_text
from tests.localization.spellings import DIFFERENT, SAME


@pytest.mark.parametrize(("pairs", "found"), [(SAME, True), (DIFFERENT, False)])
def test_found_only_where_the_same_is_meant(pairs: list[tuple[str, str]], *, found: bool) -> None:
    texts = {pair: search_text("Someone", pair[0], "and a note") for pair in pairs}
    assert [pair for pair, text in texts.items() if finder(pair[1])(text) is not found] == []


@pytest.mark.parametrize("typed", ["", "  ", "-", "'", "\u0301"])
def test_text_without_letters_finds_all(typed: str) -> None:
    assert finder(typed)(search_text("Anna"))


def test_fold_is_stable() -> None:
    assert [stored for stored, _typed in SAME if fold(fold(stored)) != fold(stored)] == []


def test_word_is_looked_for_once() -> None:
    assert readings("Á a A b") == [[{"a"}, {"b"}]]
