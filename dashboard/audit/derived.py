"""Compare what is derived from the entries with them: counts of the pictures, and the text index.

The chain does not cover these tables: someone who may write to the database could let a picture
lie, or hide an entry from a search. What retention removed is left out.
"""

from __future__ import annotations

from django.db import DatabaseError, connection, transaction

from dashboard.audit import checkpoints, rollup_sql, rollups, text_index, triggers
from dashboard.audit.chain import Fault

# https://www.sqlite.org/fts5.html#the_integrity_check_command
WORDS = f"INSERT INTO {text_index.ENTRIES} ({text_index.ENTRIES}) VALUES ('integrity-check')"  # noqa: S608


def fault() -> Fault | None:
    """Return the first difference: ``counts``, ``text`` of an entry, or ``words`` of the index."""
    with connection.cursor() as cursor:
        for statement in counts_that_differ():
            cursor.execute(statement)
            if cursor.fetchone():
                return Fault("counts", None, None)
        cursor.execute(texts_that_differ())
        (entry_id,) = cursor.fetchone()
    if entry_id is not None:
        return Fault("text", None, entry_id)
    return None if are_words_intact() else Fault("words", None, None)


def counts_that_differ() -> list[str]:
    """Return queries for counts of either table that the other side does not have."""
    prune = checkpoints.latest_prune()
    removed = rollups.quarter_of(prune.until) if prune else -1
    counted: dict[tuple[str, str], list[str]] = {}
    for table, key, query in rollup_sql.counts(connection.vendor):
        counted.setdefault((table, key), []).append(query)
    return [
        f"WITH counted ({key}, count) AS ({' UNION ALL '.join(queries)}),"  # noqa: S608 constants
        f" kept AS (SELECT {key}, count FROM {table})"
        " SELECT quarter FROM ("
        "SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS more UNION ALL"
        " SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS fewer"
        f") AS differing WHERE quarter > {removed} LIMIT 1"
        for (table, key), queries in counted.items()
    ]


def texts_that_differ() -> str:
    """Return the query for the first entry whose text is missing, wrong or of no entry."""
    return f"""
        SELECT min(id) FROM (
            SELECT e.id FROM {triggers.TABLE} e LEFT JOIN {text_index.ENTRIES} t ON t.rowid = e.id
            WHERE t.text IS NULL OR t.text <> {triggers.text_of("e", connection.vendor)}
            UNION ALL
            SELECT t.rowid FROM {text_index.ENTRIES} t
            LEFT JOIN {triggers.TABLE} e ON e.id = t.rowid
            WHERE e.id IS NULL
        ) AS differing"""  # noqa: S608 constants


def are_words_intact() -> bool:
    """Return whether SQLite finds each text by its words; PostgreSQL keeps its own index."""
    if connection.vendor != "sqlite":
        return True
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(WORDS)
    except DatabaseError:
        return False
    return True
