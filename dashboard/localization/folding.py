"""Fold text for comparison: without letter case, accents, and variants of the same letter.

``static/js/find.js`` folds in the same way, with the same tables.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLES_FILE = Path(__file__).parents[2] / "static" / "js" / "search_tables.json"
TABLES: dict[str, Any] = json.loads(TABLES_FILE.read_text(encoding="utf-8"))
# Combining marks that are accents. Vowel signs of Indic scripts are marks too, and must stay.
MARKS: str = TABLES["marks"]
ACCENTS = re.compile(f"[{MARKS}]")
# What Unicode does not decompose, in lower case; "" drops a character.
LETTERS: dict[str, str] = {
    letter: form for group in TABLES["letters"].values() for letter, form in group.items()
}
OTHER_LETTERS = re.compile("|".join(map(re.escape, LETTERS)))


def fold(text: str) -> str:
    """Return what two spellings of a text have in common: "José" is "jose".

    Accents are dropped, digits are those of ASCII, and each gap is one space.
    """
    if text.isascii():  # most are, and this is much faster
        return " ".join(text.lower().replace("'", "").replace("`", "").split())
    text = replace_letters(text.lower(), OTHER_LETTERS, LETTERS)
    text = ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return " ".join(replace_letters(text.lower(), OTHER_LETTERS, LETTERS).split())


def replace_letters(text: str, pattern: re.Pattern[str], letters: Mapping[str, str]) -> str:
    """Replace what a pattern finds. Much faster than ``str.translate`` where that is little."""
    return pattern.sub(lambda found: letters[found[0]], text)
