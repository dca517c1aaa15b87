"""SQL that keeps the text by which an action is found; see :mod:`dashboard.audit.text_index`.

The text of an action is that of all its entries under the id of its first entry, folded as
:func:`dashboard.localization.folding.fold` does, but for its spaces. A trigger
(:mod:`dashboard.audit.triggers`) adds to it with each entry. SQLite calls that function. PostgreSQL
uses its tables, because ``lower`` depends on the locale of the database; texts in ASCII, which most
are, cost little more than ``lower``.

Source: https://www.postgresql.org/docs/current/functions-string.html (normalize, translate).
"""

import unicodedata
from collections.abc import Iterable
from functools import cache

from dashboard.audit import action_sql, text_index
from dashboard.audit.action_sql import ENTRIES
from dashboard.localization.folding import LETTERS, MARKS, fold

TEXTS = text_index.ENTRIES
OPENING = (
    f"(SELECT min(id) FROM {ENTRIES} WHERE action_id = NEW.action_id"  # noqa: S608 constants
    f" AND kind {action_sql.IS_FIRST})"
)
FOLD = "holdfast_fold"  # of the connections that Django opens to SQLite
# Latin, Greek, Cyrillic and Armenian letters. Of other scripts a later Python may know more pairs,
# and the text of a trigger has to stay the same.
BLOCKS = [*range(0x80, 0x590), *range(0x1E00, 0x2000)]
RARE = "\u0181-\u0e59\u1e00-\u1fff"  # letters and digits beyond those of most European names


def text_of(row: str, vendor: str) -> str:
    """Return the SQL of the text of an entry."""
    columns = " || ' ' || ".join(f"{row}.{name}" for name in text_index.COLUMNS)
    return folded(vendor, f"trim({columns})")


def has_text(row: str) -> str:
    """Return the SQL of whether an entry has a text."""
    return f"trim({' || '.join(f'{row}.{name}' for name in text_index.COLUMNS)}) <> ''"


@cache
def of_new_row(vendor: str) -> str:
    """Return the statements that add the text of the row NEW of a trigger, if it has one."""
    text = text_of("NEW", vendor)
    if vendor == "sqlite":  # FTS5 has no upsert
        return (
            f"UPDATE {TEXTS} SET text = text || ' ' || {text} WHERE rowid = {OPENING};"  # noqa: S608
            f" INSERT INTO {TEXTS} (rowid, text) SELECT {OPENING}, {text}"
            f" WHERE {OPENING} NOT IN (SELECT rowid FROM {TEXTS} WHERE rowid = {OPENING});"
        )
    return (
        f"IF {has_text('NEW')} THEN INSERT INTO {TEXTS} (rowid, text)"  # noqa: S608
        f" SELECT opening, {text} FROM {OPENING} AS found (opening) WHERE opening IS NOT NULL"
        f" ON CONFLICT (rowid) DO UPDATE SET text = {TEXTS}.text || ' ' || excluded.text; END IF;"
    )


def all_texts(vendor: str) -> str:
    """Return the query of the id and the text of all actions that have one."""
    ordered = (
        f"SELECT a.id, {text_of('e', vendor)} AS said FROM {ENTRIES} e"  # noqa: S608 constants
        f" JOIN {action_sql.ACTIONS} a ON a.action_id = e.action_id"
        f" WHERE {has_text('e')} ORDER BY a.id, e.id"
    )
    joined = "group_concat" if vendor == "sqlite" else "string_agg"
    return f"SELECT id, {joined}(said, ' ') AS text FROM ({ordered}) AS ordered GROUP BY id"  # noqa: S608


def folded(vendor: str, text: str) -> str:
    """Return the SQL of a folded text. OFFSET 0 keeps PostgreSQL from folding it twice."""
    if vendor == "sqlite":
        return f"{FOLD}({text})"
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
