"""Find names and numbers however they are spelled."""

from __future__ import annotations

import json

import pytest

from dashboard.localization import searching
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


def test_script_has_the_tables_of_this_module(settings):
    kept = (settings.BASE_DIR / "static/js/search_tables.json").read_text()
    assert json.loads(kept) == searching.tables()
