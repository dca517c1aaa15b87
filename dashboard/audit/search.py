"""Search of the log: filter actions and return them as timeline lines, newest first.

Pagination uses the primary key of a page's last line, without counting or OFFSET.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.safestring import SafeString

from dashboard.audit.action_sql import WITHOUT_SIGN_IN
from dashboard.audit.logged_actions import LoggedAction, LoggedActionQuerySet
from dashboard.audit.models import MAX_SILENCE, AuditEntry, has_recent_entry
from dashboard.audit.repeats import CollapsedLine, collapsed
from dashboard.audit.timeline import Line, lines_of

PAGE_SIZE = 50  # lines
MAX_NEWS = 99  # new actions that a followed search counts
NEAREST = 5000  # actions in which a word is looked for one by one
COMMON = 5000  # texts
MAX_SECONDS = 10.0  # of a query
SQLITE_STEPS = 10_000  # of its virtual machine: less than a millisecond
MAX_STORY = 500  # entries of one hold
WINDOW = timedelta(days=7)  # age of findings that the board shows
MAX_FINDINGS = 20


class FoundAction(NamedTuple):
    """An action that was found, by the id of its first entry."""

    id: int
    action_id: uuid.UUID


class SlowSearchError(Exception):
    """Search that the database was not allowed to finish."""


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of one page.

    ``older`` is the ``before`` of the next page, None on the last; ``newer`` is the ``after`` of
    the one before, None on the newest. ``total`` is the number of matching actions where all are
    on this page, else None: to count them would take longer the more there are.
    ``first`` is the id of the first line, 0 without any.
    """

    lines: tuple[Line, ...]
    older: int | None
    newer: int | None
    total: int | None
    first: int

    @property
    def rows(self) -> SafeString:
        """Lines as rows of the log's table."""
        return SafeString("".join([line.row for line in self.lines]))  # nosec B703: each is safe


@dataclass(frozen=True, slots=True)
class Story:
    """Latest actions on one hold, newest first, and how many earlier ones are left out."""

    lines: list[Line]
    earlier: int
    hold_id: int

    @property
    def collapsed_lines(self) -> list[CollapsedLine]:
        """Lines with attempts of the system that follow one another as one."""
        return collapsed(self.lines)


@dataclass(frozen=True, slots=True)
class Word:
    """A word to look for, which an action may have in its texts, its client or its people.

    With all ``ways`` in one condition, a database would read every action. So each is a query of
    its own, with an index; a word that is too short for the index has no ways. Where other
    conditions have found the actions, ``check`` tests each of them. ``texts`` are queries of the
    texts that have the word.
    """

    ways: Sequence[Q]
    check: Q
    texts: Sequence[Any] = ()

    def frequency(self) -> int:
        """Return the number of texts with the word, or COMMON and more."""
        return sum(len(each[:COMMON]) for each in self.texts) if self.texts else COMMON


Condition = Q | Word


def check(condition: Condition) -> Q:
    """Return the form of a condition for actions that others have found."""
    return condition.check if isinstance(condition, Word) else condition


def matching(conditions: Iterable[Condition]) -> LoggedActionQuerySet:
    """Return the actions that meet all conditions."""
    return LoggedAction.objects.filter(*map(check, conditions))


def alternatives(conditions: Sequence[Condition]) -> list[LoggedActionQuerySet]:
    """Return queries that together find what ``matching`` does, each with an index."""
    words = [each for each in conditions if isinstance(each, Word) and each.ways]
    if not words:
        return [matching(conditions)]
    rarest = min(words, key=Word.frequency) if len(words) > 1 else words[0]
    found = matching(each for each in conditions if each is not rarest)
    return [found.filter(way) for way in rarest.ways]


def ender() -> Subquery:
    """Return a column for queries of holds: the person who ended it, NULL for the system."""
    ends = LoggedAction.objects.newest_first().filter(hold=OuterRef("pk"), ended__isnull=False)
    return Subquery(ends.values("actor")[:1])


def by_system() -> Q:
    """Match what the system did, not what was tried without a sign-in."""
    return Q(actor=None) & ~Q(action__in=WITHOUT_SIGN_IN)


def without_outcome(now: datetime) -> Q:
    """Match actions without an outcome and without an entry in the last MAX_SILENCE."""
    return Q(outcome="") & ~Q(has_recent_entry(now))


def with_entry(**conditions: Any) -> Q:
    """Match actions of which any entry meets the conditions, by the ids of their first entries."""
    found = AuditEntry.objects.order_by().filter(**conditions)
    firsts = AuditEntry.objects.order_by().openings()
    return Q(pk__in=firsts.filter(action_id__in=found.values("action_id")).values("pk"))


def page(
    conditions: Sequence[Condition],
    *,
    before: int | None = None,
    after: int | None = None,
    now: datetime,
    viewer: int | None = None,
) -> Page:
    """Return one page of the log with a few queries, however long the log is.

    It ends before the line ``before``, or begins behind the line ``after``; both are ids. Without
    a whole page behind ``after``, it is the newest one.
    """
    is_newest = before is None
    rows = rows_beyond(conditions, after=after) if after else []
    if has_older := len(rows) > PAGE_SIZE:
        rows, is_newest = rows[:PAGE_SIZE][::-1], False
    else:
        rows = rows_beyond(conditions, before=before)
        has_older = len(rows) > PAGE_SIZE
    entries = named_entries().filter(action_id__in=[row.action_id for row in rows[:PAGE_SIZE]])
    lines = tuple(lines_of(entries, now=now, viewer=viewer))
    older = rows[PAGE_SIZE - 1].id if has_older else None
    newer = rows[0].id if rows and not is_newest else None
    total = len(rows) if is_newest and not has_older else None
    return Page(lines, older, newer, total, rows[0].id if rows else 0)


@cache
def named_entries() -> Any:
    """Return the query of all entries, which takes half as long to make as to run; never run it."""
    return AuditEntry.objects.with_names()


def count_newer(conditions: Sequence[Condition], first: int) -> int:
    """Return how many actions began after the first line of a page, to MAX_NEWS and one more."""
    return len(rows_beyond(conditions, after=first, size=MAX_NEWS + 1))


def rows_beyond(
    conditions: Sequence[Condition],
    *,
    before: int | None = None,
    after: int | None = None,
    size: int = PAGE_SIZE + 1,
) -> list[FoundAction]:
    """Return the first rows that are newer than ``after``, or else older than ``before``.

    Words are looked for in the NEAREST actions that the rest of the filter finds: for a common
    word the index would read all that have it.
    """

    def ordered(found: LoggedActionQuerySet) -> LoggedActionQuerySet:
        if after is None:
            return found.older_than(before).newest_first()
        return found.newer_than(after).order_by("id")

    is_older = after is None
    if not any(conditions):  # of the whole log, which the primary key orders
        return first_of([ordered(matching(conditions))], size, newest=is_older)
    others = [each for each in conditions if not isinstance(each, Word)]
    with limited():
        if len(others) == len(conditions):
            return first_of([ordered(matching(conditions))], size, newest=is_older)
        nearest = ordered(matching(others)).values_list("id", flat=True)
        end = nearest[NEAREST : NEAREST + 1].first()
        near = ordered(matching(conditions))
        near = near.newer_than(end) if is_older else near.older_than(end)
        rows = first_of([near], size, newest=is_older)
        if end is None or len(rows) == size:
            return rows
        return first_of(map(ordered, alternatives(conditions)), size, newest=is_older)


@contextmanager
def limited() -> Iterator[None]:
    """Let no query take longer than MAX_SECONDS; raise SlowSearchError.

    Where common filters have little in common, a database reads what one of them finds.
    """
    end, on_sqlite = time.monotonic() + MAX_SECONDS, connection.vendor == "sqlite"
    if on_sqlite:
        connection.ensure_connection()
        connection.connection.set_progress_handler(lambda: time.monotonic() > end, SQLITE_STEPS)
    try:
        with without_jit(MAX_SECONDS):
            yield
    except OperationalError as error:
        if time.monotonic() < end:
            raise
        raise SlowSearchError from error
    finally:
        if on_sqlite:
            connection.connection.set_progress_handler(None, 0)


@contextmanager
def without_jit(seconds: float | None = None) -> Iterator[None]:
    """Let PostgreSQL interpret queries: to compile one with 30 words takes it ten seconds.

    Each may take so many seconds. For a transaction only, because a pool may give the next one
    another connection.
    https://www.postgresql.org/docs/current/jit-decision.html
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        limit = f"SET LOCAL statement_timeout = '{seconds}s'; " if seconds else ""
        cursor.execute(f"{limit}SET LOCAL jit = off")
        yield


def first_of(
    queries: Iterable[LoggedActionQuerySet], size: int, *, newest: bool = False
) -> list[FoundAction]:
    """Return the first rows that any of these queries finds, in order."""
    firsts = (query.values_list("id", "action_id")[:size] for query in queries)
    found = {FoundAction(*each) for rows in firsts for each in rows}
    return sorted(found, reverse=newest)[:size]


def story(hold_id: int, *, now: datetime, viewer: int | None = None) -> Story:
    """Return the actions on one hold with one query, or with two if there are too many."""
    of_hold = named_entries().of_hold(hold_id)
    entries = list(of_hold.newest_first()[:MAX_STORY])
    lines = lines_of(entries, now=now, viewer=viewer)
    earlier = 0
    if len(entries) == MAX_STORY:
        lines = lines[:-1]  # the oldest action may be incomplete
        earlier = of_hold.openings().count() - len(lines)
    return Story(lines, earlier, hold_id)


def story_version(hold_id: int, *, now: datetime) -> tuple[int, bool]:
    """Return a value that changes with the story of a hold, also where time alone changes it."""
    newest = AuditEntry.objects.of_hold(hold_id).newest_first().values_list("id", "at").first()
    return (newest[0], now - newest[1] > MAX_SILENCE) if newest else (0, False)


def findings(now: datetime) -> list[Line]:
    """Return actions without an outcome and without an entry for MAX_SILENCE, newest first."""
    found = matching([without_outcome(now)]).filter(at__gte=now - WINDOW).newest_first()
    action_ids = list(found.values_list("action_id", flat=True)[:MAX_FINDINGS])
    return lines_of(named_entries().filter(action_id__in=action_ids), now=now)
