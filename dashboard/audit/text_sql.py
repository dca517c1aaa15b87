"""SQL that keeps the text by which an action is found; see :mod:`dashboard.audit.text_index`.

The text of an action is that of all its entries, folded, under the id of its first entry. A trigger
(:mod:`dashboard.audit.triggers`) adds to it with each entry.
"""

from __future__ import annotations

from functools import cache

from dashboard.audit import action_sql, fold_sql, text_index
from dashboard.audit.action_sql import ENTRIES

TEXTS = text_index.ENTRIES
OPENING = (
    f"(SELECT min(id) FROM {ENTRIES} WHERE action_id = NEW.action_id"  # noqa: S608 constants
    f" AND kind {action_sql.IS_FIRST})"
)


def text_of(row: str, vendor: str) -> str:
    """Return the SQL of the text of an entry."""
    columns = " || ' ' || ".join(f"{row}.{name}" for name in text_index.COLUMNS)
    return fold_sql.folded(vendor, f"trim({columns})")


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


def index_all(vendor: str) -> str:
    """Return the statement that indexes the texts of all actions there are."""
    return f"INSERT INTO {TEXTS} (rowid, text) {all_texts(vendor)}"
