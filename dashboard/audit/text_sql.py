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
from dashboard.audit.action_sql import ENTRIES, in_one_line
from dashboard.localization.folding import LETTERS, MARKS, fold

TEXTS = text_index.ENTRIES
OPENING = (
    f"(SELECT min(id) FROM {ENTRIES} WHERE action_id = NEW.action_id"
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
    columns = " || ".join(f"{row}.{name}" for name in text_index.COLUMNS)
    return f"trim({columns}) <> ''"


@cache
def of_new_row(vendor: str) -> str:
    """Return the statements that add the text of the row NEW of a trigger, if it has one."""
    text = text_of("NEW", vendor)
    if vendor == "sqlite":  # FTS5 has no upsert
        return in_one_line(f"""
            UPDATE {TEXTS} SET text = text || ' ' || {text} WHERE rowid = {OPENING};
            INSERT INTO {TEXTS} (rowid, text)
            SELECT {OPENING}, {text}
            WHERE {OPENING} NOT IN (SELECT rowid FROM {TEXTS} WHERE rowid = {OPENING});
        """)
    return in_one_line(f"""
        IF {has_text("NEW")} THEN
            INSERT INTO {TEXTS} (rowid, text)
            SELECT opening, {text} FROM {OPENING} AS found (opening) WHERE opening IS NOT NULL
            ON CONFLICT (rowid) DO UPDATE SET text = {TEXTS}.text || ' ' || excluded.text;
        END IF;
    """)


def all_texts(vendor: str) -> str:
    """Return the query of the id and the text of all actions that have one."""
    joined = "group_concat" if vendor == "sqlite" else "string_agg"
    return f"""
        SELECT id, {joined}(said, ' ') AS text
        FROM (SELECT a.id, {text_of("e", vendor)} AS said
              FROM {ENTRIES} e
              JOIN {action_sql.ACTIONS} a ON a.action_id = e.action_id
              WHERE {has_text("e")}
              ORDER BY a.id, e.id) AS ordered
        GROUP BY id
    """


def folded(vendor: str, text: str) -> str:
    """Return the SQL of a folded text.

    PostgreSQL looks first whether the text is in ASCII, and of others whether a letter is rare. Its
    OFFSET 0 keeps it from computing the text ``t``, and ``u`` without accents, more than once.
    """
    if vendor == "sqlite":
        return f"{FOLD}({text})"
    # Others are decomposed by then.
    whole = [char for char in map(chr, BLOCKS) if unicodedata.is_normalized("NFKD", char)]
    capitals = [char for char in whole if char.isupper() and fold(char) != char]
    letters = list(dict.fromkeys([*LETTERS, *capitals]))
    common = [char for char in letters if char < "\u0181" or char >= "\u2000"]
    rare = [char for char in letters if char not in common]
    plain = f"regexp_replace(normalize(replace(t, '\u00b4', ''), NFKD), '[{MARKS}]', '', 'g')"
    plain = f'lower({plain} COLLATE "C")'  # without accents
    return in_one_line(f"""
        (SELECT CASE WHEN octet_length(t) = length(t)
            THEN replace(replace(lower(t COLLATE "C"), '''', ''), '`', '')
            ELSE (SELECT CASE WHEN u ~ '[{RARE}]' THEN {replaced("u", rare)} ELSE u END
                FROM (SELECT {replaced(plain, common)} AS u OFFSET 0) o)
            END
        FROM (SELECT {text} AS t OFFSET 0) said)
    """)


def replaced(text: str, letters: Iterable[str]) -> str:
    """Return the SQL that replaces letters by their folded forms, of which some are two."""
    old, new, dropped = "", "", ""
    for letter in letters:
        form = fold(letter)
        if len(form) > 1:
            text = f"replace({text}, '{letter}', '{form}')"
        elif form:
            old, new = old + letter, new + form
        else:
            dropped += letter
    # What has no counterpart is dropped, so it comes last.
    old = (old + dropped).replace("'", "''")
    return f"translate({text}, '{old}', '{new}')"
