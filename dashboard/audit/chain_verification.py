"""Compare the entries of the log with its chain, in one process or with one for each core."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef

from dashboard.audit import chain
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.audit.stored_rows import NOT_HASHED, as_stored, decoding, rows

BEGIN = (0, chain.FIRST)  # position and hash before the first link
BATCH = 2000  # links that are read at once
PART = 50_000  # positions that one process verifies
MAX_POSITION = 2**63 - 1
COLUMNS = [
    field.attname for field in AuditEntry._meta.concrete_fields if field.attname not in NOT_HASHED
]
# In a log that is not large, PostgreSQL would otherwise read all entries for a few links.
ENTRY = {
    "postgresql": "LEFT JOIN LATERAL (SELECT * FROM {} WHERE id = l.entry_id OFFSET 0) e ON true",
    "sqlite": "LEFT JOIN {} e ON e.id = l.entry_id",
}


@dataclass(frozen=True, slots=True)
class LogFault:
    """The first difference between the log and its chain.

    ``kind`` is ``changed``, ``removed`` or ``inserted`` for an entry, ``broken`` for the chain
    itself, ``forged`` for a record of retention, ``checkpoint`` where one that was kept elsewhere
    says otherwise, and ``order`` for ids; ``index_verification`` has more.
    ``entry_id`` is None where the link of the entry is missing.
    """

    kind: str
    position: int | None
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of a verification: the positions that were compared, and the first fault or None.

    ``compared`` has what the entries were compared with besides the chain.
    """

    first: int
    last: int  # first - 1 if there was none
    last_hash: str
    is_whole: bool = False  # up to the end of the log
    fault: LogFault | None = None
    compared: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def in_order(
    begin: tuple[int, str] = BEGIN,
    last: int | None = None,
    *,
    is_due: Callable[[], bool] = lambda: False,
) -> Verification:
    """Compare entries with the chain behind a position, whose hash was known.

    Stops early once ``is_due()``, asked every BATCH, and at the position ``last``, then without
    looking for entries that have no link.
    """
    links = AuditLink.objects
    position, previous = begin
    first = position + 1
    if position and not links.filter(position=position, hash=previous).exists():
        entry_id = links.filter(position=position).values_list("entry_id", flat=True).first()
        fault = LogFault("removed" if entry_id is None else "broken", position, entry_id)
        return Verification(first, position, previous, fault=fault)
    while batch := linked_after(position, last):
        for row in batch:
            place, entry_id, _content, link = row[-4:]
            if kind := fault_of(row, position + 1, previous):
                fault = LogFault(kind, place, entry_id)
                return Verification(first, position, previous, fault=fault)
            position, previous = place, link
        if is_due():
            return Verification(first, position, previous)
    if last is not None:
        return Verification(first, position, previous)
    # From where the chain begins to the last number: SQLite takes a text for more than any.
    linked = links.filter(entry_id=OuterRef("pk"), position__range=(1, MAX_POSITION))
    strays = AuditEntry.objects.filter(~Exists(linked)).order_by("pk")
    stray = strays.values_list("pk", flat=True).first()
    if stray is not None:
        fault = LogFault("inserted", None, stray)
        return Verification(first, position, previous, fault=fault)
    return Verification(first, position, previous, is_whole=True)


def in_parts(progress: Callable[[int], None], begin: tuple[int, str] = BEGIN) -> Verification:
    """Verify from a position to the end with a process for each core; report positions reached.

    Each part starts from the hash that the database has for the link before it. That hash is the
    result of the part before, so that the parts together are one chain.
    """
    links = AuditLink.objects
    last = links.order_by("-position").values_list("position", flat=True).first() or 0
    known = links.filter(position__in=range(begin[0] + PART, last, PART)).order_by("position")
    try:
        starts = [begin, *known.values_list("position", "hash")]
    except DatabaseError:  # a hash cannot be decoded: one process finds its link
        starts = [begin]
    if len(starts) == 1:
        return in_order(begin)
    ends = [*(position for position, _hash in starts[1:]), None]
    connection.close()  # a process that is forked must not use that of this one
    fork = multiprocessing.get_context("fork")
    done = Verification(begin[0] + 1, *begin)
    pool = ProcessPoolExecutor(min(os.cpu_count() or 1, len(starts)), fork)
    try:
        parts = pool.map(in_order, starts, ends)
        for start, found in zip(starts, parts, strict=True):
            if start != (done.last, done.last_hash):
                break
            done = replace(found, first=done.first)
            if done.fault:
                break
            progress(done.last)
    finally:  # also where a signal ends it
        pool.shutdown(cancel_futures=True)
    if done.fault or done.is_whole:
        return done
    # A link is missing or was exchanged meanwhile: one process follows them in order.
    return in_order(begin)


def linked_after(position: int, last: int | None = None) -> list[Any]:
    """Return up to BATCH links behind a position, to ``last`` at most, with their entries.

    Each has the entry's COLUMNS as they are stored, then its content hash and id, which are None
    where it was removed; then position, entry id, content hash and hash of the link.
    """
    vendor = connection.vendor
    stored = ", ".join(as_stored(vendor, name) for name in COLUMNS)
    selection = (
        f"SELECT {stored}, e.content_hash, e.id, l.position, l.entry_id, l.content_hash, l.hash"  # noqa: S608
        f" FROM {AuditLink._meta.db_table} l {ENTRY[vendor].format(AuditEntry._meta.db_table)}"
        " WHERE l.position > %s AND l.position <= %s ORDER BY l.position LIMIT %s"
    )
    end = MAX_POSITION if last is None else last
    try:
        # PostgreSQL starts processes for these few links if there may be many behind them.
        nearest = rows(selection, [position, min(position + BATCH, end), BATCH])
        return nearest or rows(selection, [position, end, BATCH])
    except DatabaseError:
        if vendor != "sqlite":
            raise
    # No hash is that of a text with surrogates, so what was damaged is found.
    with decoding("surrogateescape"):
        return rows(selection, [position, end, BATCH])


def fault_of(row: Sequence[Any], expected: int, previous: str) -> str:
    """Return the kind of fault of one link and its entry, or "" if both are intact."""
    own, found_id, position, entry_id, content, link = row[-6:]
    if position != expected:
        return "removed"
    if link != chain.link_hash(previous, position, entry_id, content):
        return "broken"
    if found_id is None:
        return "removed"
    if own not in ("", content):  # those from before the chain have none
        return "changed"
    # Only the documented form decides that an entry was changed.
    is_intact = content == chain.quick_hash(COLUMNS, row) or (
        content == chain.documented_hash(COLUMNS, row)
    )
    return "" if is_intact else "changed"
