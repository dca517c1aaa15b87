"""Read links of the chain with their entries as they are stored, also what cannot be decoded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, connections

NOT_HASHED = {"id", "content_hash"}
JSON_COLUMNS = ("asked", "before", "after")
# Lengths of the texts that Django writes to SQLite: a moment without or with microseconds, a UUID.
LENGTHS = {"at": "19, 26", "action_id": "32"}
MAX_POSITION = 2**63 - 1
LINK = "e.id, l.position, l.entry_id, l.content_hash, l.hash"
DAMAGED_LINK = "e.id, l.position, CAST(l.entry_id AS INTEGER), '', ''"
# Of a log that is not large, PostgreSQL would read all entries for a few links.
ENTRY = {
    "postgresql": "LEFT JOIN LATERAL (SELECT * FROM {} WHERE id = l.entry_id OFFSET 0) e ON true",
    "sqlite": "LEFT JOIN {} e ON e.id = l.entry_id",
}


def linked_after(links: Any, entries: Any, position: int, size: int) -> list[Any]:
    """Return up to ``size`` links behind a position, with their entries.

    Each has the entry's columns as they are stored, in the order of ``columns_of``, then its id,
    which is None where it was removed; then position, entry id, content hash and hash of the link.
    What SQLite cannot decode is None in an entry, and "" in a link.
    """
    vendor, names = connections[links.db].vendor, columns_of(entries)
    stored = ", ".join(as_stored(vendor, name) for name in names)
    nothing = ", ".join(["NULL"] * len(names))
    whole, only_link, damaged = (
        f"SELECT {columns} FROM {links.model._meta.db_table} l"  # noqa: S608 names
        f" {ENTRY[vendor].format(entries.model._meta.db_table)}"
        " WHERE l.position > %s AND l.position <= %s ORDER BY l.position LIMIT %s"
        for columns in (f"{stored}, {LINK}", f"{nothing}, {LINK}", f"{nothing}, {DAMAGED_LINK}")
    )
    try:
        # PostgreSQL starts processes for these few links if there may be many behind them.
        nearest = _rows(links.db, whole, position, size, position + size)
        return nearest or _rows(links.db, whole, position, size)
    except DatabaseError:
        if vendor != "sqlite":
            raise
    found: list[Any] = []
    while len(found) < size and (row := _next(links.db, (whole, only_link, damaged), position)):
        found += row
        _found_id, position, *_link = found[-1][-5:]
    return found


def _next(using: str, selections: Sequence[str], position: int) -> list[Any]:
    """Return the next link, by the first of these selections that can be read."""
    *others, last = selections
    for selection in others:
        with suppress(DatabaseError):
            return _rows(using, selection, position, 1)
    return _rows(using, last, position, 1)


def _rows(
    using: str, selection: str, position: int, size: int, last: int = MAX_POSITION
) -> list[Any]:
    with connections[using].cursor() as cursor:
        cursor.execute(selection, [position, last, size])
        found: list[Any] = cursor.fetchall()
    return found


def columns_of(entries: Any) -> list[str]:
    """Return the columns that are hashed."""
    names = [field.attname for field in entries.model._meta.concrete_fields]
    return [name for name in names if name not in NOT_HASHED]


def as_stored(vendor: str, name: str) -> str:
    """Return the SQL of a column of the entry ``e``, which no driver converts."""
    if vendor != "sqlite":
        return as_text(vendor, name)
    if name in LENGTHS:
        return f"CASE WHEN length(e.{name}) IN ({LENGTHS[name]}) THEN e.{name} END"
    return f"+e.{name}"


def as_text(vendor: str, name: str) -> str:
    """Return the SQL of a column of the entry ``e``, as a text where drivers convert it slowly."""
    if name == "at":
        return "e.at || ''" if vendor == "sqlite" else "(e.at AT TIME ZONE 'UTC')::text"
    is_slow = vendor == "postgresql" and name in ("action_id", *JSON_COLUMNS)
    return f"e.{name}::text" if is_slow else f"e.{name}"
