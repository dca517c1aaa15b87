"""Export the log: every entry of the matching actions, oldest first, in constant memory.

A line has all columns, as :mod:`dashboard.audit.chain` hashes them, and besides ``position`` and
``link`` in the chain, ``at_office`` (the moment in the office's time zone) and ``schema``. JSON is
written as the database has it: to read and write it anew would take as long as all the rest.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection
from django.utils import timezone

from dashboard.audit import chain, search, trail
from dashboard.audit.action_sql import ACTIONS, ENTRIES
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.audit.search import LogFilter
from dashboard.audit.trail import Actor

SCHEMA = 1  # raised when a column changes its meaning or goes
BATCH = 1000  # actions or entries that are read at once
COLUMNS = [
    field.attname
    for field in AuditEntry._meta.concrete_fields
    if field.attname not in ("id", "content_hash")
]
LINKS = AuditLink._meta.db_table
HEAD = ["schema", "id", "position", "link", "at_office", *COLUMNS]
# A spreadsheet takes a cell that begins so for a formula.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def record(name: str, filters: Sequence[str], *, by: Actor | None, now: datetime) -> None:
    """Write the audit entry of an export in this format, with the filters as people read them.

    They name no client: an entry cannot be erased.
    """
    asked = {"format": name, "filters": list(filters)}
    trail.event(action=trail.Action.EXPORT, by=by, now=now, asked=asked)


def of_filter(log_filter: LogFilter, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield every entry of the actions that the filter matches, action by action."""
    found, last = search.alternatives(log_filter, now), 0
    while rows := search.first_of((e.newer_than(last).order_by("id") for e in found), BATCH):
        ids = [entry_id for entry_id, _action_id in rows]
        places = ", ".join(["%s"] * len(ids))
        yield from lines(
            f"{ACTIONS} a JOIN {ENTRIES} e ON e.action_id = a.action_id"
            f" LEFT JOIN {LINKS} l ON l.entry_id = e.id"
            f" WHERE a.id IN ({places}) ORDER BY a.id, e.id",
            ids,
        )
        last = ids[-1]
        if len(ids) == BATCH:  # too many to sort all of them each time
            found = [search.matching_entries(log_filter, now)]


def since(position: int) -> Iterator[dict[str, Any]]:
    """Yield every entry after a position of the chain, in the order of the chain.

    That is the order of the commits, so that a reader who keeps the last position misses none.
    """
    is_more = True
    while is_more:
        is_more = False
        for line in lines(
            f"{LINKS} l JOIN {ENTRIES} e ON e.id = l.entry_id"
            " WHERE l.position > %s ORDER BY l.position LIMIT %s",
            [position, BATCH],
        ):
            yield line
            position, is_more = line["position"], True


def lines(source: str, parameters: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield the lines of the entries ``e`` with their links ``l`` that a FROM clause selects."""
    columns = ", ".join(f"e.{name}" for name in ("id", *COLUMNS))
    zone = timezone.get_default_timezone()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT l.position, l.hash, {columns} FROM {source}", parameters)  # noqa: S608
        rows = cursor.fetchall()
    for position, link, entry_id, *values in rows:
        line = dict(zip(COLUMNS, values, strict=True))
        at = line["at"] if line["at"].tzinfo else line["at"].replace(tzinfo=UTC)
        line["at"], line["action_id"] = chain.moment(at), chain.dashed(line["action_id"])
        yield {
            "schema": SCHEMA,
            "id": entry_id,
            "position": position,
            "link": link or "",
            "at_office": at.astimezone(zone).isoformat(),
            **line,
        }


def json_lines(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield each entry as one line of JSON."""
    for entry in entries:
        stored = {name: orjson.Fragment(entry[name]) for name in chain.JSON_COLUMNS}
        yield orjson.dumps(entry | stored, option=orjson.OPT_APPEND_NEWLINE).decode()


class Echo:
    """A file that returns what is written to it, for ``csv.writer``."""

    def write(self, text: str) -> str:
        return text


def csv_lines(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a line of the columns' names, and each entry as one line of CSV."""
    writer: Any = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(HEAD)  # so that spreadsheets read UTF-8
    for entry in entries:
        yield writer.writerow(
            [
                readable(value) if name in chain.JSON_COLUMNS else cell(value)
                for name, value in entry.items()
            ]
        )


def cell(value: Any) -> object:
    """Return a value as a cell that no spreadsheet runs as a formula."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def readable(text: str) -> str:
    """Return JSON as a cell; SQLite stores characters beyond ASCII by number."""
    if text == "{}":
        return ""
    return json.dumps(json.loads(text), ensure_ascii=False) if "\\u" in text else text


FORMATS: dict[str, tuple[str, Callable[[Iterable[dict[str, Any]]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "jsonl": ("application/jsonl; charset=utf-8", json_lines),
}
