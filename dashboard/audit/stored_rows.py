"""Read entries as they are stored, also what cannot be decoded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import connection

NOT_HASHED = {"id", "content_hash"}
JSON_COLUMNS = ("asked", "before", "after")
# Lengths of the texts that Django writes to SQLite: a moment without or with microseconds, a UUID.
LENGTHS = {"at": "19, 26", "action_id": "32"}


def rows(selection: str, parameters: Sequence[int]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(selection, parameters)
        found: list[Any] = cursor.fetchall()
    return found


@contextmanager
def decoding(errors: str) -> Iterator[None]:
    """Let SQLite read texts that are not UTF-8, in which ``errors`` are so handled."""
    database = connection.connection
    database.text_factory = partial(str, encoding="utf-8", errors=errors)
    try:
        yield
    finally:
        database.text_factory = str


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
