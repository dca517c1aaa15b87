"""Export the log: every entry of the matching actions, oldest first, in constant memory.

A line has all columns, as :mod:`dashboard.audit.chain` hashes them, and besides ``position`` and
``link`` in the chain, ``at_office`` (the moment in the office's time zone) and ``schema``. Columns
of JSON are written as the database has them. Lines come in blocks, because sending each by itself
takes longer than making it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from operator import getitem
from typing import Any

import orjson
from django.db import DatabaseError, connection
from django.utils import timezone

from dashboard.audit import chain, log_verification, search, trail
from dashboard.audit.action_sql import ACTIONS, ENTRIES
from dashboard.audit.chain_verification import COLUMNS
from dashboard.audit.logged_actions import LoggedActionQuerySet
from dashboard.audit.models import AuditLink
from dashboard.audit.search import Condition
from dashboard.audit.stored_rows import JSON_COLUMNS, as_text, decoding, rows
from dashboard.audit.trail import Actor

SCHEMA = 1  # raised when a column changes its meaning or is removed
EMPTY = "{}"  # JSON of most columns
BATCH = 1000  # actions or entries that are read at once
CHUNK = 100  # rows that psycopg takes from PostgreSQL at once
LINKS = AuditLink._meta.db_table
HEAD = ["schema", "id", "position", "link", "at_office", *COLUMNS]
UNIQUE = HEAD.index("kind")  # columns before it differ in each row
# A spreadsheet takes a cell that begins so for a formula; some split at semicolons and drop quotes.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile(r'(?<![^;\t\r\n])("*)(?=[=+\-@\t\r＝＋－＠])')
# PostgreSQL plans one array much sooner than many numbers.
AMONG = {"postgresql": "= ANY('{%s}')", "sqlite": "IN (%s)"}
# SQLite stores anything in any column; JSON has no infinite numbers.
NUMBERS = ("actor_id", "hold_id", "status", "milliseconds")
AS_NUMBER = "CASE WHEN e.{0} BETWEEN -1e308 AND 1e308 THEN e.{0} ELSE e.{0} || '' END"


def record(
    format_name: str,
    filters: Sequence[str],
    *,
    by: Actor | None,
    now: datetime,
    first: int | None = None,
) -> None:
    """Write the audit entry of an export in this format, with the filters as people read them.

    ``first`` is the position at which a stream begins. The filters name no client: an entry cannot
    be erased. Addresses, causes and request ids stay: the exported entries have them too.
    """
    asked = {"format": format_name, "filters": list(filters)} | ({"first": first} if first else {})
    trail.event(action=trail.Action.EXPORT, by=by, now=now, asked=asked)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of some entries; ``last`` is the position, or the id of the action, of the last one."""

    text: str
    count: int
    last: int


def of_actions(format_name: str, conditions: Sequence[Condition]) -> Iterator[Block]:
    """Yield every entry of the actions that meet the conditions, action by action.

    It has no entry that is written meanwhile: of an action whose first ones are written already
    the others would be missing, in a file that goes on with later actions.
    """
    file_format = FORMATS[format_name]
    yield Block(file_format.head, 0, 0)
    found, last, end = search.alternatives(conditions), 0, log_verification.total()
    while ids := next_ids(found, last):
        listed = ", ".join(map(str, ids))
        yield block(
            file_format,
            "a.id",
            f"{ACTIONS} a JOIN {ENTRIES} e ON e.action_id = a.action_id"
            f" LEFT JOIN {LINKS} l ON l.entry_id = e.id"
            # For so many ids PostgreSQL would read all actions, if it did not know their bounds.
            f" WHERE a.id {AMONG[connection.vendor] % listed}"
            " AND a.id BETWEEN %s AND %s AND coalesce(l.position, 0) <= %s",
            [ids[0], ids[-1], end],
        )
        last = ids[-1]
        if len(ids) == BATCH:  # too many to sort all of them each time
            found = [search.matching(conditions)]


def next_ids(queries: Sequence[LoggedActionQuerySet], last: int) -> list[int]:
    """Return the ids of up to BATCH actions after the last one that any of these queries finds."""
    newer = (each.newer_than(last).order_by("id") for each in queries)
    found = (each.values_list("id", flat=True)[:BATCH] for each in newer)
    with search.without_jit():
        return sorted({pk for ids in found for pk in ids})[:BATCH]


def ends(conditions: Sequence[Condition]) -> tuple[int, int]:
    """Return the ids of the first and the last action that meet the conditions, 0 without any."""
    found = search.alternatives(conditions)
    with search.without_jit():
        first = search.first_of((each.order_by("id") for each in found), 1)
        last = search.first_of((each.newest_first() for each in found), 1, newest=True)
    return (first[0].id, last[0].id) if first and last else (0, 0)


def since(position: int) -> Iterator[Block]:
    """Yield every entry after a position of the chain as JSON Lines, in the order of the chain.

    That is the order of the commits, so that a reader who keeps the last position misses none.
    """
    source = (
        f"{LINKS} l JOIN {ENTRIES} e ON e.id = l.entry_id"
        " WHERE l.position > %s ORDER BY l.position LIMIT %s"
    )
    while (found := block(FORMATS["jsonl"], "l.position", source, [position, BATCH])).count:
        yield found
        position = found.last


def block(
    file_format: type[CsvLines | JsonLines], key: str, source: str, parameters: Sequence[int]
) -> Block:
    """Return the lines of the entries ``e`` with their links ``l`` that a FROM clause selects.

    They are in the order of the key, and then of the entries. Sorted by PostgreSQL, no line could
    be made before the last row is found.
    """
    columns = f"{key}, {stored_columns(connection.vendor)}"
    select = streamed if connection.vendor == "postgresql" else fetched
    line, lines = file_format().line, []
    for row in select(f"SELECT {columns} FROM {source}", parameters):  # noqa: S608 names
        lines.append((row[0], row[1], line(row)))
    lines.sort()
    last = lines[-1][0] if lines else 0
    return Block("".join([text for _key, _entry_id, text in lines]), len(lines), last)


def stored_columns(vendor: str) -> str:
    """Return the SQL of id, position and link of an entry, and then its COLUMNS."""
    stored = {name: as_text(vendor, name) for name in COLUMNS}
    if vendor == "sqlite":
        stored |= {name: AS_NUMBER.format(name) for name in NUMBERS}
    return ", ".join(["e.id", "l.position", "coalesce(l.hash, '')", *stored.values()])


def streamed(statement: str, parameters: Sequence[int]) -> Iterator[Sequence[Any]]:
    """Yield rows from PostgreSQL, which finds the next ones while these become lines.

    Until the last one, this connection takes no other query.
    """
    with connection.wrap_database_errors, connection.cursor() as cursor:
        # Django's cursor cannot stream, but psycopg's can.
        yield from cursor.cursor.stream(statement, parameters, size=CHUNK)


def fetched(statement: str, parameters: Sequence[int]) -> list[Any]:
    """Return rows of SQLite, which has bytes, and text that is not UTF-8, in any column."""
    try:
        return rows(statement, parameters)
    except DatabaseError:
        with decoding("backslashreplace"):
            return rows(statement, parameters)


def readable(stored: object) -> str:
    """Return what is stored as text, with bytes that are not UTF-8 as \\xff."""
    return stored.decode(errors="backslashreplace") if isinstance(stored, bytes) else str(stored)


def moments(text: str) -> tuple[str, str]:
    """Return a stored moment in the office's zone and in UTC; as it is stored if it is none."""
    zone = timezone.get_default_timezone()
    try:
        at, utc = datetime.fromisoformat(text), chain.moment(text)
        if offset := offset_on_day(text[:10], zone):
            return f"{(at + offset[0]).isoformat()}{offset[1]}", utc
        return at.replace(tzinfo=UTC).astimezone(zone).isoformat(), utc
    except (ValueError, OverflowError):
        return text, text


@lru_cache(maxsize=1000)
def offset_on_day(text: str, zone: tzinfo) -> tuple[timedelta, str] | None:
    """Return the offset of a zone on a day of UTC, also as text; None if it changes."""
    ends = (f"{text} 00:00Z", f"{text} 23:59:59Z")
    first, last = (datetime.fromisoformat(each).astimezone(zone) for each in ends)
    offset = last.utcoffset()
    if offset is None or offset != first.utcoffset():
        return None
    return offset, last.isoformat()[19:]


def json_text(stored: str | bytes) -> str:
    """Return JSON in one line; what is no JSON as a JSON string."""
    text = stored if isinstance(stored, str) else readable(stored)
    try:
        orjson.loads(text)
    except ValueError:
        if not is_json(text):
            return json.dumps(text)
    # Line ends are only between its values.
    return text.replace("\n", " ").replace("\r", " ") if "\n" in text or "\r" in text else text


def is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=int)  # half a surrogate pair is JSON, NaN is not
    except (ValueError, RecursionError):
        return False
    return True


def values_of(row: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values of a row in the order of HEAD; a moment that is none as it is stored."""
    _key, entry_id, position, link, at, kind, action_id, *rest = row
    action = action_id if len(action_id) == 36 else chain.dashed(readable(action_id))
    return SCHEMA, entry_id, position, link, *moments(at), kind, action, *rest


class Cells(dict[Any, str]):
    """Cells by their values, each made once: most values are those of other entries too."""

    def __missing__(self, value: Any) -> str:
        """Return a value as a cell that no spreadsheet runs as a formula."""
        text = readable(value) if value is not None else ""
        if isinstance(value, str | bytes) and not text.isalnum():
            text = FORMULA.sub(r"\1'", text)
        self[value] = text = in_quotes(text)
        return text


class JsonCells(dict[Any, str]):
    """Cells of JSON by its text, in which SQLite has characters beyond ASCII by number."""

    def __missing__(self, value: str | bytes) -> str:
        text = readable(value)
        if "\\u" in text and is_json(text):
            text = json.dumps(json.loads(text), ensure_ascii=False)
        if ";" in text or text[:1] != "{":
            text = FORMULA.sub(r"\1'", text)
        self[value] = text = "" if text == EMPTY else in_quotes(text)
        return text


def in_quotes(text: str) -> str:
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"{}"'.format(text.replace('"', '""'))
    return text


class JsonLines:
    """Write rows as JSON, one in a line."""

    content_type = "application/jsonl; charset=utf-8"
    head = ""

    def line(self, row: Sequence[Any]) -> str:
        values = dict(zip(HEAD, values_of(row), strict=True))
        for name in JSON_COLUMNS:
            stored = values[name]
            values[name] = {} if stored == EMPTY else orjson.Fragment(json_text(stored))
        return orjson.dumps(values, default=readable, option=orjson.OPT_APPEND_NEWLINE).decode()


class CsvLines:
    """Write rows as CSV. Each object has its own cells, which it keeps."""

    content_type = "text/csv; charset=utf-8"
    head = f"\ufeff{','.join(HEAD)}\r\n"  # the mark lets spreadsheets read UTF-8

    def __init__(self) -> None:
        cells, json_cells = Cells(), JsonCells()
        self.of_column = [json_cells if name in JSON_COLUMNS else cells for name in HEAD]
        self.of_others = self.of_column[UNIQUE:]

    def line(self, row: Sequence[Any]) -> str:
        values = values_of(row)
        _schema, entry_id, position, link, office, utc = values[:UNIQUE]
        is_link = position and isinstance(link, str) and link.isalnum()
        if is_link and utc is not office and "," not in utc:  # these need no quotes
            others = ",".join(map(getitem, self.of_others, values[UNIQUE:]))
            return f"{SCHEMA},{entry_id},{position},{link},{office},{utc},{others}\r\n"
        return f"{','.join(map(getitem, self.of_column, values))}\r\n"


Format = type[CsvLines] | type[JsonLines]
FORMATS: dict[str, Format] = {"csv": CsvLines, "jsonl": JsonLines}
