"""SQL that counts entries into the two rollups of :mod:`dashboard.audit.rollups`.

The trigger that links an entry (:mod:`dashboard.audit.triggers`) also counts it, so in the same
transaction. On PostgreSQL this happens behind the lock of the chain, so that two writers never
wait for each other's counters.

An action is counted as begun with its first entry and as ended with its last one, both under the
time, person and event type of the first: a search of the log selects by these too.

Sources: https://www.sqlite.org/lang_upsert.html,
https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT.
"""

from __future__ import annotations

from collections.abc import Iterator

ENTRIES = "dashboard_auditentry"
ACTIONS = "dashboard_actioncount"
CALLS = "dashboard_callcount"
ACTION_KEY = "quarter, action, outcome, cause, ended, actor, event_type"
CALL_KEY = "quarter, bucket"
QUARTER = 900  # seconds; the offset of every time zone is a multiple of it
# Upper bounds in milliseconds. What took longer than the last is counted there.
BUCKETS = (
    *(10, 20, 30, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750),
    *(1000, 1500, 2000, 3000, 4000, 5000, 7500, 10_000, 15_000, 30_000, 60_000),
)
# States of a hold that ended; a refused one never was held.
ENDED = ("released", "booked", "expired", "gone", "lost")
IS_FIRST = "IN ('intent', 'event')"
IS_LAST = "IN ('outcome', 'event')"


def statements(vendor: str, condition: str = "true") -> Iterator[str]:
    """Yield the statements that add the entries ``e`` of this condition to the rollups."""
    for table, key, counted in counts(vendor, condition):
        yield (
            f"INSERT INTO {table} ({key}, count) {counted}"
            f" ON CONFLICT ({key}) DO UPDATE SET count = {table}.count + excluded.count;"
        )


def counts(vendor: str, condition: str = "true") -> Iterator[tuple[str, str, str]]:
    """Yield table, key and the query that counts for it the entries ``e`` of this condition."""
    first = f"FROM {ENTRIES} e WHERE e.kind {IS_FIRST}"
    begun = f"{quarter(vendor, 'e')}, e.action, '', '', '', {who_and_what(vendor, 'e')}"
    last = (
        f"FROM {ENTRIES} e JOIN {ENTRIES} f ON f.action_id = e.action_id AND f.kind {IS_FIRST}"
        f" WHERE e.kind {IS_LAST} AND e.outcome <> ''"
    )
    ended = (
        f"{quarter(vendor, 'f')}, f.action, e.outcome, e.error_code, {end_of_hold(vendor)},"
        f" {who_and_what(vendor, 'f')}"
    )
    answers = f"FROM {ENTRIES} e WHERE e.status IS NOT NULL AND e.milliseconds IS NOT NULL"
    answered = f"{quarter(vendor, 'e')}, {bucket()}"
    for table, key, columns, rows in (
        (ACTIONS, ACTION_KEY, begun, first),
        (ACTIONS, ACTION_KEY, ended, last),
        (CALLS, CALL_KEY, answered, answers),
    ):
        places = ", ".join(str(place + 1) for place in range(len(key.split(","))))
        counted = f"SELECT {columns}, count(*) {rows} AND {condition} GROUP BY {places}"
        yield table, key, counted


def of_new_row(vendor: str) -> str:
    """Return the statements for the row NEW of a trigger; PL/pgSQL skips what would add nothing."""
    added = statements(vendor, "e.id = NEW.id")
    if vendor == "sqlite":
        return " ".join(added)
    conditions = (f"NEW.kind {IS_FIRST}", f"NEW.kind {IS_LAST}", "NEW.status IS NOT NULL")
    return " ".join(
        f"IF {condition} THEN {statement} END IF;"
        for condition, statement in zip(conditions, added, strict=True)
    )


def quarter(vendor: str, row: str) -> str:
    """Return the SQL of the number of quarters of an hour from 1970 to an entry, in UTC."""
    if vendor == "sqlite":
        return f"CAST(strftime('%s', {row}.at) AS integer) / {QUARTER}"
    return f"floor(extract(epoch FROM {row}.at) / {QUARTER})::bigint"


def who_and_what(vendor: str, row: str) -> str:
    """Return the SQL of person and event type, each 0 for none."""
    asked = f"{row}.asked"
    number = {
        "sqlite": f"CASE WHEN json_type({asked}, '$.event_type_id') = 'integer'"
        f" THEN json_extract({asked}, '$.event_type_id') ELSE 0 END",
        "postgresql": f"CASE WHEN {asked} ->> 'event_type_id' ~ '^[0-9]{{1,18}}$'"
        f" THEN ({asked} ->> 'event_type_id')::bigint ELSE 0 END",
    }
    return f"coalesce({row}.actor_id, 0), {number[vendor]}"


def end_of_hold(vendor: str) -> str:
    """Return the SQL of the state in which the action ended a hold, "" if it did not."""
    after, before = (
        f"json_extract({column}, '$.state')" if vendor == "sqlite" else f"{column} ->> 'state'"
        for column in ("e.after", "f.before")
    )
    ended = ", ".join(f"'{state}'" for state in ENDED)
    return (
        f"CASE WHEN {after} IN ({ended}) AND {after} <> coalesce({before}, '')"
        f" THEN {after} ELSE '' END"
    )


def bucket() -> str:
    bounds = " ".join(f"WHEN e.milliseconds <= {bound} THEN {bound}" for bound in BUCKETS)
    return f"CASE {bounds} ELSE {BUCKETS[-1]} END"
