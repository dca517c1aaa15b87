"""Which actions somebody wants to see, and the entries that stand for them, newest first.

A page is found by the primary key of its last line (``older``), never by counting or skipping.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from dashboard.audit.models import AuditEntry, AuditEntryQuerySet
from dashboard.audit.timeline import PATIENCE, Line, fold
from dashboard.audit.trail import SYSTEM

SIZE = 50  # lines of one page
LONGEST_STORY = 500  # entries of one hold that are read
WINDOW = timedelta(days=7)  # how far back findings are looked for unasked
MOST_FINDINGS = 20
WITHOUT_OUTCOME = "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search. None and "" ask for nothing."""

    person: int | None = None  # a primary key
    by_system: bool = False
    action: str = ""
    outcome: str = ""  # an outcome, or WITHOUT_OUTCOME
    since: datetime | None = None
    until: datetime | None = None  # not included

    @property
    def names_some(self) -> bool:
        """Whether it asks for somebody's actions, or those of one kind."""
        return self.person is not None or self.by_system or bool(self.action)


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and the ``before`` of the next page, None on the last one."""

    lines: tuple[Line, ...]
    older: int | None


def heads(wanted: Wanted, now: datetime, patience: timedelta = PATIENCE) -> AuditEntryQuerySet:
    """One entry for each action that is wanted: the one that it began with, or how it ended.

    Each shape reads no more than an index of what was asked for, whichever the database takes.
    """
    openings = _openings(wanted)
    if not wanted.outcome:
        return openings
    if wanted.outcome == WITHOUT_OUTCOME:
        silent = openings.without_outcome().silent_since(now - patience)
        # There are few: found in the order of an index that has all it takes, then sorted.
        return AuditEntry.objects.filter(pk__in=silent.values("pk"))
    if wanted.names_some:
        return openings.ended(wanted.outcome)
    wanted_opening = openings.order_by().filter(action_id=OuterRef("action_id"))
    return AuditEntry.objects.filter(Exists(wanted_opening), outcome=wanted.outcome)


def page(
    wanted: Wanted,
    *,
    before: int | None = None,
    now: datetime,
    viewer: int | None = None,
    size: int = SIZE,
) -> Page:
    """One page of the log: two queries, however long the log is."""
    found = heads(wanted, now).older_than(before).newest_first()
    rows = list(found.values_list("id", "action_id")[: size + 1])
    lines = _lines((action_id for _id, action_id in rows[:size]), now, viewer)
    return Page(lines, older=rows[size - 1][0] if len(rows) > size else None)


def story(hold_id: int, *, now: datetime, viewer: int | None = None) -> list[Line]:
    """All that was done to one hold, newest first: one query."""
    entries = list(AuditEntry.objects.of_hold(hold_id).newest_first()[:LONGEST_STORY])
    lines = fold(entries, now=now, viewer=viewer)
    # The oldest action may lack its beginning where the story was cut.
    return lines if len(entries) < LONGEST_STORY else lines[:-1]


def findings(
    now: datetime, *, patience: timedelta = PATIENCE, window: timedelta = WINDOW
) -> list[Line]:
    """Actions without an outcome, to which nothing was added for ``patience``, newest first."""
    recent = Wanted(since=now - window, until=now - patience, outcome=WITHOUT_OUTCOME)
    found = heads(recent, now, patience).newest_first()
    return list(_lines(found.values_list("action_id", flat=True)[:MOST_FINDINGS], now, None))


def _openings(wanted: Wanted) -> AuditEntryQuerySet:
    entries = AuditEntry.objects.openings()
    if wanted.person is not None:
        entries = entries.filter(actor=wanted.person)
    if wanted.by_system:
        failed = AuditEntry.Action.SIGN_IN_FAILED  # under that name somebody may have tried
        entries = entries.filter(actor=None, actor_name=SYSTEM).exclude(action=failed)
    if wanted.action:
        entries = entries.filter(action=wanted.action)
    if wanted.since:
        entries = entries.filter(at__gte=wanted.since)
    if wanted.until:
        entries = entries.filter(at__lt=wanted.until)
    return entries


def _lines(action_ids: Iterable[uuid.UUID], now: datetime, viewer: int | None) -> tuple[Line, ...]:
    order = list(dict.fromkeys(action_ids))
    if not order:
        return ()
    lines = fold(AuditEntry.objects.of_actions(order), now=now, viewer=viewer)
    return tuple(sorted(lines, key=lambda line: order.index(line.action_id)))
