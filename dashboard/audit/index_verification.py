"""Compare what is derived from the entries: actions, the index of texts, counts of the pictures.

The chain does not cover these tables: someone who may write to the database could falsify
a picture, or hide an entry from a search. What retention removed is left out.
"""

from collections.abc import Iterator
from functools import cache

from django.db import DatabaseError, connection, transaction
from django.db.models import Max

from dashboard.audit import action_sql, rollup_sql, rollups, text_index, text_sql
from dashboard.audit.chain_verification import LogFault
from dashboard.audit.models import AuditPrune

# https://www.sqlite.org/fts5.html#the_integrity_check_command
WORDS = f"INSERT INTO {text_index.ENTRIES} ({text_index.ENTRIES}) VALUES ('integrity-check')"
# SQL of a text with single spaces: rows that ``move_database`` copied have those of the other kind.
SPACED = {
    "sqlite": f"{text_sql.FOLD}(text)",
    "postgresql": r"trim(regexp_replace(text, '\s+', ' ', 'g'))",
}


@cache
def compared(vendor: str) -> str:
    """Return the columns of an action in which the list must say what its entries say.

    An event type may be one that only earlier actions of the hold tell, and a person who took a
    hold over may have another user name since. A name at sign-in may have been stored as it is
    written, where it was typed in capitals.
    """
    typed = f"action IN ({action_sql.listed(action_sql.WITHOUT_SIGN_IN)}) AND about IS NOT NULL"
    about = f"""
        CASE WHEN action IN ({action_sql.listed(action_sql.ABOUT_PEOPLE)}) THEN about
        WHEN {typed} THEN {text_sql.folded(vendor, "about")} END AS about
    """
    columns = (name for name in action_sql.COLUMNS.split(", ") if name != "event_type")
    return ", ".join(about if name == "about" else name for name in columns)


def fault() -> LogFault | None:
    """Return the first difference: of an ``action``, its ``text``, an index or ``counts``."""
    with connection.cursor() as cursor:
        for kind, query in differences(connection.vendor):
            cursor.execute(query)
            if found := cursor.fetchone():
                return LogFault(kind, None, found[0] if kind in ("action", "text") else None)
    return None if are_indexes_intact() else LogFault("words", None, None)


def listing_fault(first: int, last: int) -> LogFault | None:
    """Return the first action that the list of actions misses, or that has no entry.

    ``first`` and ``last`` are ids of entries with which actions begin. What the list says of an
    action is compared by ``fault``, which takes ten times as long.
    """
    ids = f"id BETWEEN {first} AND {last}"
    is_first = f"kind {action_sql.IS_FIRST}"
    begun = f"SELECT id, action_id FROM {action_sql.ENTRIES} WHERE {is_first} AND {ids}"
    kept = f"SELECT id, action_id FROM {action_sql.ACTIONS} WHERE {ids}"
    with connection.cursor() as cursor:
        cursor.execute(differing(begun, kept, "id", "true"))
        found = cursor.fetchone()
    return LogFault("unlisted", None, found[0]) if found else None


def differences(vendor: str) -> Iterator[tuple[str, str]]:
    """Yield kinds of difference, each with the query that finds one; actions by their id."""
    kept, columns = f"SELECT {compared(vendor)} FROM {action_sql.ACTIONS}", action_sql.COLUMNS
    named = f"WITH named ({columns}) AS ({action_sql.all_actions(vendor, columns)})"
    anew = f"SELECT {compared(vendor)} FROM named"
    yield "action", f"{named} {differing(anew, kept, 'id', 'true')}"
    text = SPACED[vendor]
    kept = f"SELECT rowid, {text} AS text FROM {text_index.ENTRIES}"
    anew = f"SELECT id, {text} AS text FROM ({text_sql.all_texts(vendor)}) AS every"
    yield "text", differing(kept, anew, "rowid", "true")
    kept = f"SELECT {rollup_sql.KEY}, count, first, last FROM {rollup_sql.COUNTS}"
    every_kind = rollup_sql.BEGUN | rollup_sql.DONE
    counted = rollup_sql.actions(vendor, every_kind, "true", [1])
    answered = rollup_sql.answers(vendor, "true", [1])
    anew = rollup_sql.counts(f"{counted} UNION ALL {answered}")
    # The latest of all records: after the clock was set back, an earlier one may be later.
    until = AuditPrune.objects.aggregate(latest=Max("until"))["latest"]
    since = f"quarter > {rollups.quarter_of(until) if until else -1}"
    yield "counts", differing(f"{kept} WHERE span = 1", anew, "quarter", since)
    yield "counts", differing(f"{kept} WHERE span > 1", rollup_sql.of_days(), "quarter", "true")


def differing(one: str, other: str, column: str, condition: str) -> str:
    """Return the query of the first row that only one of two queries has, by a column of ``one``.

    Columns have the names that the first of two queries gives them.
    """
    return f"""
        SELECT min({column}) FROM (
            SELECT * FROM (SELECT * FROM ({one}) AS a EXCEPT SELECT * FROM ({other}) AS b) AS more
            UNION ALL
            SELECT * FROM (SELECT * FROM ({other}) AS a EXCEPT SELECT * FROM ({one}) AS b) AS fewer
        ) AS differing
        WHERE {condition} HAVING min({column}) IS NOT NULL
    """


def are_indexes_intact() -> bool:
    """Return whether SQLite finds each text by its words, and each row by every index.

    PostgreSQL keeps its indexes where only its server can write.
    """
    if connection.vendor != "sqlite":
        return True
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check(1)")  # first, as it does not keep others waiting
            is_intact: bool = cursor.fetchone() == ("ok",)
            with transaction.atomic(connection.alias):
                cursor.execute(WORDS)
    except DatabaseError:
        return False
    return is_intact
