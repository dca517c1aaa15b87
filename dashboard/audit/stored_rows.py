"""Read links of the chain with their entries as they are stored, also what cannot be decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import DatabaseError, connections

NOT_HASHED = {"id", "content_hash"}
JSON_COLUMNS = ("asked", "before", "after")
# Lengths of the texts that Django writes to SQLite: a moment without or with microseconds, a UUID.
LENGTHS = {"at": "19, 26", "action_id": "32"}
MAX_POSITION = 2**63 - 1
# Of a log that is not large, PostgreSQL would read all entries for a few links.
ENTRY = {
    "postgresql": "LEFT JOIN LATERAL (SELECT * FROM {} WHERE id = l.entry_id OFFSET 0) e ON true",
    "sqlite": "LEFT JOIN {} e ON e.id = l.entry_id",
}


def linked_after(links: Any, entries: Any, position: int, size: int) -> list[Any]:
    """Return up to ``size`` links behind a position, with their entries.

    Each has the entry's columns as they are stored, in the order of ``columns_of``, then its id,
    which is None where it was removed; then position, entry id, content hash and hash of the link.
    """
    vendor = connections[links.db].vendor
    stored = ", ".join(as_stored(vendor, name) for name in columns_of(entries))
    selection = (
        f"SELECT {stored}, e.id, l.position, l.entry_id, l.content_hash, l.hash"  # noqa: S608 names
        f" FROM {links.model._meta.db_table} l"
        f" {ENTRY[vendor].format(entries.model._meta.db_table)}"
        " WHERE l.position > %s AND l.position <= %s ORDER BY l.position LIMIT %s"
    )
    try:
        # PostgreSQL starts processes for these few links if there may be many behind them.
        nearest = rows(links.db, selection, [position, position + size, size])
        return nearest or rows(links.db, selection, [position, MAX_POSITION, size])
    except DatabaseError:
        if vendor != "sqlite":
            raise
    # No hash is that of a text with surrogates, so what was damaged is found.
    with decoding(links.db, "surrogateescape"):
        return rows(links.db, selection, [position, MAX_POSITION, size])


def rows(using: str, selection: str, parameters: Sequence[int]) -> list[Any]:
    with connections[using].cursor() as cursor:
        cursor.execute(selection, parameters)
        found: list[Any] = cursor.fetchall()
    return found


@contextmanager
def decoding(using: str, errors: str) -> Iterator[None]:
    """Let SQLite read texts that are not UTF-8, in which ``errors`` are so handled."""
    database = connections[using].connection
    database.text_factory = partial(str, encoding="utf-8", errors=errors)
    try:
        yield
    finally:
        database.text_factory = str


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
