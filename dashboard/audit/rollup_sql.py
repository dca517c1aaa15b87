"""SQL that counts actions and answers into the rollup of :mod:`dashboard.audit.rollups`.

The trigger that links an entry (:mod:`dashboard.audit.triggers`) also counts it, so in the same
transaction. On PostgreSQL this happens behind the lock of the chain, so that two writers never
wait for each other's counters.

An action is counted with its first entry under each kind of BEGUN, and with its last one under
those of DONE, always at the time of the first; each time in its quarter of an hour and in its day.

Sources: https://www.sqlite.org/lang_upsert.html,
https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dashboard.audit.action_sql import (
    ACTIONS,
    ENTRIES,
    FIRST_ENTRIES,
    WITHOUT_SIGN_IN,
    in_one_line,
    listed,
)

COUNTS = "dashboard_logcount"
KEY = "kind, span, quarter, value"
QUARTER = 900  # seconds; the offset of every time zone is a multiple of it
DAY = 96  # quarters
SPANS = (1, DAY)
# Upper bounds in milliseconds. What took longer than the last is counted there.
BUCKETS = (
    *(10, 20, 30, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750),
    *(1000, 1500, 2000, 3000, 4000, 5000, 7500, 10_000, 15_000, 30_000, 60_000),
)


class Counted(NamedTuple):
    """SQL of what a kind counts: its value of an action ``a``, and which actions it counts."""

    value: str
    condition: str


Kinds = Mapping[str, Counted]

BEGUN: dict[str, Counted] = {
    "begun": Counted("''", "true"),
    "action": Counted("a.action", "true"),
    "event-type": Counted("CAST(a.event_type AS text)", "a.action = 'place' AND a.event_type > 0"),
    "person": Counted(
        "CAST(coalesce(a.actor, 0) AS text)",
        f"(a.actor IS NOT NULL OR a.action NOT IN ({listed(WITHOUT_SIGN_IN)}))",
    ),
}
DONE: dict[str, Counted] = {
    "outcome": Counted("a.outcome", "a.outcome <> ''"),
    "cause": Counted("a.cause", "a.outcome = 'refused'"),
    "end": Counted("a.ended", "a.ended IS NOT NULL"),
}
ANSWERED = "answered"  # the kind whose value is a bucket


def statements(vendor: str) -> Iterator[str]:
    """Yield the statements that count everything there is: by quarter, and then those by day.

    One for each kind: PostgreSQL takes three times as long to group several kinds at once.
    """
    for kind, counted in (BEGUN | DONE).items():
        yield add(counts(actions(vendor, {kind: counted}, "true", [1])))
    yield add(counts(answers(vendor, "true", [1])))
    yield add(of_days())


def of_days() -> str:
    """Return the query of the counts of days from those of their quarters."""
    return f"""
        SELECT kind, {DAY}, quarter - quarter % {DAY}, value, sum(count), min(first), max(last)
        FROM {COUNTS} WHERE span = 1 GROUP BY 1, 2, 3, 4
    """


def of_new_row(vendor: str) -> str:
    """Return the statements for the row NEW of a trigger; PL/pgSQL skips what would add nothing.

    The key of the first entry names a single action; there might be two that an outcome ends.
    """
    is_intent, is_event = "NEW.kind = 'intent'", "NEW.kind = 'event'"
    is_outcome = "NEW.kind = 'outcome'"
    added = {
        is_intent: single(actions(vendor, BEGUN, f"{is_intent} AND a.id = NEW.id")),
        is_event: single(actions(vendor, BEGUN | DONE, f"{is_event} AND a.id = NEW.id")),
        is_outcome: counts(actions(vendor, DONE, f"{is_outcome} AND a.id IN {FIRST_ENTRIES}")),
        "NEW.status IS NOT NULL": single(answers(vendor, "e.id = NEW.id")),
    }
    if vendor == "sqlite":
        return " ".join(add(query) for query in added.values())
    return " ".join(f"IF {when} THEN {add(query)} END IF;" for when, query in added.items())


def actions(vendor: str, kinds: Kinds, condition: str, spans: Iterable[int] = SPANS) -> str:
    """Return the query of KEY and id of the actions ``a`` of a condition, under these kinds."""
    counters = [f"'{kind}', {span}" for kind in kinds for span in spans]
    value = " ".join(f"WHEN '{kind}' THEN {each.value}" for kind, each in kinds.items())
    which = " ".join(f"WHEN '{kind}' THEN {each.condition}" for kind, each in kinds.items())
    return in_one_line(f"""
        SELECT s.kind, s.span, {quarter(vendor, "a")} AS quarter,
            CASE s.kind {value} END AS value, a.id
        FROM {ACTIONS} a
        CROSS JOIN ({rows(["kind", "span"], counters)}) s
        WHERE {condition} AND CASE s.kind {which} END
    """)


def answers(vendor: str, condition: str, spans: Iterable[int] = SPANS) -> str:
    """Return the query of KEY and id of the answers in the entries ``e`` of a condition."""
    return in_one_line(f"""
        SELECT '{ANSWERED}' AS kind, s.span, {quarter(vendor, "e")} AS quarter,
            {bucket()} AS value, e.id
        FROM {ENTRIES} e
        CROSS JOIN ({rows(["span"], spans)}) s
        WHERE {condition} AND e.status IS NOT NULL AND e.milliseconds IS NOT NULL
    """)


def counts(query: str) -> str:
    """Return the query of the counts of the rows of a query."""
    return f"SELECT {KEY}, count(*), min(id), max(id) FROM ({query}) r GROUP BY 1, 2, 3, 4"


def single(query: str) -> str:
    """Return the same for rows whose KEYs differ, which takes a database less time."""
    return f"SELECT {KEY}, 1, id, id FROM ({query}) r WHERE true"


def add(query: str) -> str:
    """Return the statement that adds the rows of a query to the counts."""
    old, new = f"{COUNTS}.", "excluded."
    return in_one_line(f"""
        INSERT INTO {COUNTS} ({KEY}, count, first, last)
        {query}
        ON CONFLICT ({KEY}) DO UPDATE
        SET count = {old}count + {new}count,
            first = CASE WHEN {new}first < {old}first THEN {new}first ELSE {old}first END,
            last = CASE WHEN {new}last > {old}last THEN {new}last ELSE {old}last END;
    """)


def rows(names: Sequence[str], values: Iterable[object]) -> str:
    """Return a query of rows of constants: a list, because each SELECT of a UNION is set up anew.

    Both databases name its columns column1, column2 and so on.
    """
    columns = ", ".join(f"column{number} AS {name}" for number, name in enumerate(names, start=1))
    return f"SELECT {columns} FROM (VALUES {', '.join(f'({row})' for row in values)}) v"


def quarter(vendor: str, row: str) -> str:
    """Return the SQL of the quarter of an hour of a row's time at which its span begins."""
    if vendor == "sqlite":
        # Without the fraction, which SQLite rounds to milliseconds, so to the next second too.
        number = f"CAST(strftime('%s', substr({row}.at, 1, 19)) AS integer) / {QUARTER}"
    else:
        number = f"floor(date_part('epoch', {row}.at) / {QUARTER})::bigint"
    return f"{number} - {number} % s.span"


def bucket() -> str:
    bounds = " ".join(f"WHEN e.milliseconds <= {bound} THEN '{bound}'" for bound in BUCKETS)
    return f"CASE {bounds} ELSE '{BUCKETS[-1]}' END"
