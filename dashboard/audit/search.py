"""Search of the log: filter actions and return them as timeline lines, newest first.

Pagination uses the primary key of a page's last line, without counting or OFFSET.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from dashboard.audit.models import AuditEntry, AuditEntryQuerySet
from dashboard.audit.timeline import MAX_SILENCE, Line, fold
from dashboard.audit.trail import SYSTEM

PAGE_SIZE = 50  # lines
MAX_TOTAL = 1000  # actions that a search counts
MAX_NEWS = 99  # new actions that a followed search counts
MAX_STORY = 500  # entries of one hold
WINDOW = timedelta(days=7)  # age of findings that the board shows
MAX_FINDINGS = 20
WITHOUT_OUTCOME = "none"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Filter of the log. None and "" do not filter."""

    person: int | None = None  # a primary key
    hold: int | None = None  # a primary key
    by_system: bool = False
    action: str = ""
    outcome: str = ""  # an outcome, or WITHOUT_OUTCOME
    since: datetime | None = None
    until: datetime | None = None  # exclusive
    conditions: tuple[Q, ...] = ()  # of terms, on the first entry of an action

    @property
    def is_selective(self) -> bool:
        """True if an index on person, hold, action or text narrows the search."""
        return (
            self.person is not None
            or self.hold is not None
            or self.by_system
            or bool(self.action)
            or bool(self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of one page.

    ``older`` is the ``before`` of the next page, None on the last; ``newer`` is the ``after`` of
    the one before, None on the newest. ``total`` counts matching actions on all pages, to
    MAX_TOTAL and one more. ``first`` is the id of the first line, 0 without any.
    """

    lines: tuple[Line, ...]
    older: int | None
    newer: int | None
    total: int
    first: int

    @property
    def total_text(self) -> str:
        """Number of matching actions, or "more than 1,000"."""
        if self.total <= MAX_TOTAL:
            return number_format(self.total)
        return _("more than %(number)s") % {"number": number_format(MAX_TOTAL)}


@dataclass(frozen=True, slots=True)
class Story:
    """Latest actions on one hold, newest first, and how many earlier ones are left out."""

    lines: tuple[Line, ...]
    earlier: int
    hold_id: int


def matching_entries(log_filter: LogFilter, now: datetime) -> AuditEntryQuerySet:
    """Return one entry for each matching action: its first, or the one with its outcome.

    Each query is shaped so that an index covers its filter.
    """
    openings = filter_openings(log_filter)
    if not log_filter.outcome:
        return openings
    if log_filter.outcome == WITHOUT_OUTCOME:
        silent = openings.without_outcome().without_entry_between(
            now - MAX_SILENCE, now + MAX_SILENCE
        )
        # There are few of them: the subquery uses an index, and only its result is sorted.
        return AuditEntry.objects.filter(pk__in=silent.values("pk"))
    if log_filter.is_selective:
        return openings.with_outcome(log_filter.outcome)
    opening = openings.order_by().filter(action_id=OuterRef("action_id"))
    return AuditEntry.objects.filter(Exists(opening), outcome=log_filter.outcome)


def page(
    log_filter: LogFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    now: datetime,
    viewer: int | None = None,
) -> Page:
    """Return one page of the log with at most three queries, however long the log is.

    It ends before the line ``before``, or begins behind the line ``after``; both are ids. Without
    a whole page behind ``after``, it is the newest one.
    """
    found = matching_entries(log_filter, now)
    places = ("id", "action_id")
    is_newest = before is None
    newer_rows = found.newer_than(after).order_by("id").values_list(*places)
    rows = list(newer_rows[: PAGE_SIZE + 1]) if after else []
    if has_older := len(rows) > PAGE_SIZE:
        rows, is_newest = rows[:PAGE_SIZE][::-1], False
    else:
        older_rows = found.older_than(before).newest_first().values_list(*places)
        rows = list(older_rows[: PAGE_SIZE + 1])
        has_older = len(rows) > PAGE_SIZE
    lines = lines_of((action_id for _id, action_id in rows[:PAGE_SIZE]), now, viewer)
    older = rows[PAGE_SIZE - 1][0] if has_older else None
    newer = rows[0][0] if rows and not is_newest else None
    is_whole = is_newest and older is None
    total = len(rows) if is_whole else found.order_by()[: MAX_TOTAL + 1].count()
    return Page(lines, older, newer, total, rows[0][0] if rows else 0)


def count_newer(log_filter: LogFilter, first: int, now: datetime) -> int:
    """Return how many actions began after the first line of a page, to MAX_NEWS and one more."""
    newer = matching_entries(log_filter, now).newer_than(first).order_by()
    return newer[: MAX_NEWS + 1].count()


def story(hold_id: int, *, now: datetime, viewer: int | None = None) -> Story:
    """Return the actions on one hold with one query, or with two if there are too many."""
    of_hold = AuditEntry.objects.of_hold(hold_id)
    entries = list(of_hold.newest_first()[:MAX_STORY])
    lines = fold(entries, now=now, viewer=viewer)
    earlier = 0
    if len(entries) == MAX_STORY:
        lines = lines[:-1]  # the oldest action may be incomplete
        earlier = of_hold.openings().count() - len(lines)
    return Story(tuple(lines), earlier, hold_id)


def story_version(hold_id: int, *, now: datetime) -> tuple[int, bool]:
    """Return a value that changes with the story of a hold, also where time alone changes it."""
    newest = AuditEntry.objects.of_hold(hold_id).newest_first().values_list("id", "at").first()
    return (newest[0], now - newest[1] > MAX_SILENCE) if newest else (0, False)


def findings(now: datetime) -> list[Line]:
    """Return actions without an outcome and without an entry for MAX_SILENCE, newest first."""
    recent = LogFilter(since=now - WINDOW, outcome=WITHOUT_OUTCOME)
    found = matching_entries(recent, now).newest_first()
    return list(lines_of(found.values_list("action_id", flat=True)[:MAX_FINDINGS], now, None))


def filter_openings(log_filter: LogFilter) -> AuditEntryQuerySet:
    """Return the first entries of actions that match everything but the outcome."""
    entries = AuditEntry.objects.openings()
    if log_filter.person is not None:
        entries = entries.filter(actor=log_filter.person)
    if log_filter.hold is not None:
        of_hold = AuditEntry.objects.order_by().filter(hold=log_filter.hold)
        entries = entries.filter(action_id__in=of_hold.values("action_id"))
    if log_filter.by_system:
        failed = AuditEntry.Action.SIGN_IN_FAILED  # may have been tried under that user name
        entries = entries.filter(actor=None, actor_name=SYSTEM).exclude(action=failed)
    if log_filter.action:
        entries = entries.filter(action=log_filter.action)
    if log_filter.since:
        entries = entries.filter(at__gte=log_filter.since)
    if log_filter.until:
        entries = entries.filter(at__lt=log_filter.until)
    return entries.filter(*log_filter.conditions)


def lines_of(
    action_ids: Iterable[uuid.UUID], now: datetime, viewer: int | None
) -> tuple[Line, ...]:
    """Return the lines of these actions, in this order."""
    order = list(dict.fromkeys(action_ids))
    if not order:
        return ()
    lines = fold(AuditEntry.objects.of_actions(order), now=now, viewer=viewer)
    return tuple(sorted(lines, key=lambda line: order.index(line.action_id)))
