"""Export the log: every entry of the matching actions, oldest first, in constant memory.

A line has all columns, as :mod:`dashboard.audit.chain` hashes them, and besides ``position`` and
``link`` in the chain, ``at_office`` (the moment in the office's time zone) and ``schema``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from dashboard.audit import chain, search, trail
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.audit.search import LogFilter
from dashboard.audit.trail import Actor

SCHEMA = 1  # raised when a column changes its meaning or goes
BATCH = 500  # actions or entries that are read at once
COLUMNS = [
    field.attname
    for field in AuditEntry._meta.concrete_fields
    if field.attname not in ("id", "content_hash")
]
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
    found, last = search.matching_entries(log_filter, now).order_by("id"), 0
    while batch := list(found.filter(id__gt=last).values_list("id", "action_id")[:BATCH]):
        actions = {action_id: place for place, (_id, action_id) in enumerate(batch)}
        found_entries = AuditEntry.objects.filter(action_id__in=actions).order_by("id")
        entries = map(dict, found_entries.values())
        yield from with_links(sorted(entries, key=lambda entry: actions[entry["action_id"]]))
        last = batch[-1][0]


def since(position: int) -> Iterator[dict[str, Any]]:
    """Yield every entry after a position of the chain, in the order of the chain.

    That is the order of the commits, so that a reader who keeps the last position misses none.
    """
    links = AuditLink.objects.order_by("position").values_list("entry_id", "position")
    while batch := list(links.filter(position__gt=position)[:BATCH]):
        places = dict(batch)
        entries = map(dict, AuditEntry.objects.filter(pk__in=places).values())
        yield from with_links(sorted(entries, key=lambda entry: places[entry["id"]]))
        position = batch[-1][1]


def with_links(entries: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the lines of these entries, with their places in the chain."""
    ids = [entry["id"] for entry in entries]
    links = AuditLink.objects.filter(entry_id__in=ids).values_list("entry_id", "position", "hash")
    places = {entry_id: (position, link) for entry_id, position, link in links}
    for entry in entries:
        position, link = places.get(entry["id"], (None, ""))
        at_office = entry["at"].astimezone(timezone.get_default_timezone()).isoformat()
        line = {"schema": SCHEMA, "id": entry["id"], "position": position, "link": link}
        yield {**line, "at_office": at_office, **{name: entry[name] for name in COLUMNS}}


def json_lines(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield each entry as one line of JSON."""
    for entry in entries:
        yield json.dumps(entry, separators=(",", ":"), default=chain.plain) + "\n"


class Echo:
    """A file that returns what is written to it, for ``csv.writer``."""

    def write(self, text: str) -> str:
        return text


def csv_lines(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a line of the columns' names, and each entry as one line of CSV."""
    writer: Any = csv.writer(Echo())
    yield "\ufeff" + writer.writerow(HEAD)  # so that spreadsheets read UTF-8
    for entry in entries:
        yield writer.writerow(cell(entry[name]) for name in HEAD)


def cell(value: Any) -> object:
    """Return a value as a cell that no spreadsheet runs as a formula."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else ""
    text = value if isinstance(value, str) else chain.plain(value)
    return f"'{text}" if text.startswith(FORMULA) else text


FORMATS: dict[str, tuple[str, Callable[[Iterable[dict[str, Any]]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "jsonl": ("application/jsonl; charset=utf-8", json_lines),
}
