"""Find names and numbers however they are spelled."""

from __future__ import annotations

import pytest

from dashboard.localization.folding import fold
from dashboard.localization.searching import finder, search_text
from tests.localization.spellings import DIFFERENT, SAME


@pytest.mark.parametrize(("stored", "typed"), SAME)
def test_found(stored: str, typed: str) -> None:
    assert finder(typed)(search_text("Someone", stored, "and a note"))


@pytest.mark.parametrize(("stored", "typed"), DIFFERENT)
def test_not_found(stored: str, typed: str) -> None:
    assert not finder(typed)(search_text("Someone", stored, "and a note"))


@pytest.mark.parametrize("typed", ["", "  ", "-", "'", "\u0301"])
def test_text_without_letters_finds_all(typed: str) -> None:
    assert finder(typed)(search_text("Anna"))


@pytest.mark.parametrize(("stored", "_typed"), SAME)
def test_fold_is_stable(stored: str, _typed: str) -> None:
    assert fold(fold(stored)) == fold(stored)
