"""SQL that folds a text as :func:`dashboard.localization.folding.fold` does, but for its spaces.

SQLite calls that function. PostgreSQL uses its tables, because ``lower`` depends on the locale of
the database. Texts in ASCII, which most are, cost little more than ``lower``.
Source: https://www.postgresql.org/docs/current/functions-string.html (normalize, translate).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from dashboard.localization.folding import LETTERS, MARKS, fold

FUNCTION = "holdfast_fold"  # of the connections that Django opens to SQLite
# Latin, Greek, Cyrillic and Armenian letters. Of other scripts a later Python may know more pairs,
# and the text of a trigger has to stay the same.
BLOCKS = [*range(0x80, 0x590), *range(0x1E00, 0x2000)]
RARE = "\u0181-\u0e59\u1e00-\u1fff"  # letters and digits beyond those of most European names


def folded(vendor: str, text: str) -> str:
    """Return the SQL of a folded text. OFFSET 0 keeps PostgreSQL from folding it twice."""
    if vendor == "sqlite":
        return f"{FUNCTION}({text})"
    # Others are decomposed by then.
    whole = [char for char in map(chr, BLOCKS) if unicodedata.is_normalized("NFKD", char)]
    capitals = [char for char in whole if char.isupper() and fold(char) != char]
    letters = list(dict.fromkeys([*LETTERS, *capitals]))
    common = [char for char in letters if char < "\u0181" or char >= "\u2000"]
    plain = "replace(replace(lower(t COLLATE \"C\"), '''', ''), '`', '')"
    odd = f"regexp_replace(normalize(replace(t, '\u00b4', ''), NFKD), '[{MARKS}]', '', 'g')"
    odd = replaced(f'lower({odd} COLLATE "C")', common)
    rare = replaced("u", [char for char in letters if char not in common])
    other = f"CASE WHEN u ~ '[{RARE}]' THEN {rare} ELSE u END"
    odd = f"(SELECT {other} FROM (SELECT {odd} AS u OFFSET 0) o)"  # noqa: S608
    either = f"CASE WHEN octet_length(t) = length(t) THEN {plain} ELSE {odd} END"
    return f"(SELECT {either} FROM (SELECT {text} AS t OFFSET 0) said)"  # noqa: S608


def replaced(text: str, letters: Iterable[str]) -> str:
    """Return the SQL that replaces letters by their folded forms, of which some are two."""
    forms = {letter: fold(letter) for letter in letters}
    for letter, form in forms.items():
        if len(form) > 1:
            text = f"replace({text}, '{letter}', '{form}')"
    # What has no counterpart is dropped, so it comes last.
    single = sorted(
        (each for each in forms if len(forms[each]) < 2), key=lambda each: not forms[each]
    )
    old, new = "".join(single).replace("'", "''"), "".join(forms[each] for each in single)
    return f"translate({text}, '{old}', '{new}')"
