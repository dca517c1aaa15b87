"""SQL that folds a text exactly as :func:`dashboard.localization.folding.fold` does.

SQLite calls that function. PostgreSQL uses its tables, because ``lower`` depends on the locale of
the database. Source: https://www.postgresql.org/docs/current/functions-string.html (normalize).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from dashboard.localization.folding import LETTERS, MARKS, fold

# Latin, Greek, Cyrillic and Armenian letters. Of other scripts a later
# Python may know more pairs, and the text of a trigger has to stay the same.
CAPITALS = [*range(0x21, 0x590), *range(0x1E00, 0x2000)]
FUNCTION = "holdfast_fold"  # of the connections that Django opens to SQLite


def folded(vendor: str, text: str) -> str:
    """Return the SQL of a folded text."""
    if vendor == "sqlite":
        return f"{FUNCTION}({text})"
    ascii_forms = {char: fold(char) for char in map(chr, range(33, 127)) if fold(char) != char}
    plain = replaced("t", ascii_forms)
    # Others are decomposed by then.
    whole = [char for char in map(chr, CAPITALS) if unicodedata.is_normalized("NFKD", char)]
    forms = {char: fold(char) for char in [*LETTERS, *whole] if char.strip() != fold(char)}
    single = {char: form for char, form in LETTERS.items() if len(form) < 2}
    odd = f"regexp_replace(normalize({replaced('t', single)}, NFKD), '[{MARKS}]', '', 'g')"
    either = f"CASE WHEN octet_length(t) = length(t) THEN {plain} ELSE {replaced(odd, forms)} END"
    words = f"btrim(regexp_replace({either}, '\\s+', ' ', 'g'))"
    return f"(SELECT {words} FROM (SELECT {text} AS t) AS said)"  # noqa: S608


def replaced(text: str, forms: Mapping[str, str]) -> str:
    """Return the SQL that replaces characters by their forms, of which some have two letters."""
    for char, form in forms.items():
        if len(form) > 1:
            text = f"replace({text}, '{char}', '{form}')"
    # What has no counterpart is dropped, so it comes last.
    pairs = [pair for pair in forms.items() if len(pair[1]) < 2]
    pairs.sort(key=lambda pair: not pair[1])
    old = "".join(char for char, _form in pairs).replace("'", "''")
    return f"translate({text}, '{old}', '{''.join(form for _char, form in pairs)}')"
