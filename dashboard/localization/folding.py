"""Fold text for comparison: without letter case, accents, and variants of the same letter.

``static/js/find.js`` folds in the same way, with the same tables.
"""

import re
import unicodedata
from collections.abc import Mapping

# Combining marks that are accents. Vowel signs of Indic scripts are marks too, and must stay.
MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
ACCENTS = re.compile(f"[{MARKS}]")
ZEROS = "\u0660\u06f0\u0966\u09e6\u0e50"  # the digit 0 in Arabic, Persian, Hindi, Bengali and Thai
# What Unicode does not decompose, in lower case; "" drops a character.
LETTERS = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",
    "ƶ": "z",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ŋ": "ng",
    "\u02bc": "",
    "\u03c2": "\u03c3",  # the Greek s at the end of a word
    # Arabic letters that have a key of their own on Persian keyboards, or are often mixed up.
    "\u06cc": "\u064a",
    "\u0649": "\u064a",
    "\u06a9": "\u0643",
    "\u0629": "\u0647",
    **dict.fromkeys("'\u2019\u2018\u201b\u02bb\u02b9\u2032`\u00b4\u02c8", ""),  # apostrophes
    **dict.fromkeys("\u0640\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),  # invisible
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u207b", "-"),
    **{chr(ord(zero) + digit): str(digit) for zero in ZEROS for digit in range(10)},
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
