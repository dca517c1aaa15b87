"""Free times as cal.com lists them, requested once for all people and processes.

Together they cause at most one call per FRESH_FOR for each event type, span and length: a row in
the database says who is asking, and the others read its answer. Each key and address of cal.com has
rows of its own. Free times only inform; cal.com's POST decides.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from dashboard.calcom import Answer, CalcomError, Cause, Listed, Slot, endpoints
from dashboard.holds import calcom_client, rate_and_clock
from dashboard.holds.calcom_status import FreeTimes, Upstream
from dashboard.localization import local_times

T = TypeVar("T")
Wanted = TypeVar("Wanted")
log = logging.getLogger(__name__)

FRESH_FOR = timedelta(seconds=30)
# Reasons not to ask, beside the causes of calls.
NO_ROOM = "no_room"
UNDER_WAY = "under_way"  # another call, or none was begun as others took too long
# Failures that do not burden cal.com, and that pass soon or an operator is about to mend.
BRIEF_FAILURES = {Cause.NOT_SENT, Cause.KEY_REJECTED, Cause.WRONG_ROUTE, UNDER_WAY}
BRIEF = timedelta(seconds=5)
DELETE_AFTER = timedelta(hours=1)
# Wait for another request's call, in seconds.
PATIENCE = 2.5
# One in so many calls of the rate allowance is reserved for holding, extending, moving, releasing.
RESERVED_PART = 3
WEEK_DAYS = 7  # the picker reads whole weeks, and its answers are shared
TOGETHER = 8  # calls at a time


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Whole days of one event type in the office's zone, as in FreeTimes."""

    event_type_id: int
    first_day: date
    days: int
    slot_duration: int = 0  # minutes; 0 is the usual length

    @property
    def start(self) -> datetime:
        return local_times.office_midnight(self.first_day)

    @property
    def end(self) -> datetime:
        return local_times.office_midnight(self.first_day + timedelta(days=self.days))


PARTS = fields(Span)


@dataclass(frozen=True, slots=True)
class Listing:
    """The last answer of cal.com, soonest slot first.

    ``as_of`` is its time on this server's clock, None if cal.com never answered. ``cause`` says why
    it is not fresh: a Cause, NO_ROOM or UNDER_WAY; empty if it is. ``again_at`` is when to ask
    again. ``unread`` counts times in the answer that cannot be read.
    """

    slots: tuple[Slot, ...]
    as_of: datetime | None
    cause: str
    again_at: datetime
    unread: int = 0


def listing(span: Span, *, now: datetime) -> Listing:
    """Return the free times of a span, from cal.com where the stored ones are not fresh."""
    return listings([span], now=now)[0]


def listings(spans: Sequence[Span], *, now: datetime) -> list[Listing]:
    """Return the free times of several spans, after asking cal.com in parallel.

    Where the rate allowance is not enough for all, the last ones are not asked for.
    """
    rows = rows_of(spans, now)
    stale = [span for span in rows if not is_fresh(rows[span], now)]
    upstream = rate_and_clock.load() if stale else Upstream()
    room = room_for_lists(upstream, now)
    claimed = [span for span in stale[:room] if rows[span].claim(now)]
    for span, answer in ask_together(claimed, ask):
        store(rows[span], answer, upstream)
    if claimed:
        FreeTimes.objects.filter(asked_at__lt=now - DELETE_AFTER).delete()
        rate_and_clock.save(upstream)
    cut = stale[room:] if room is not None else []
    give_up = time.monotonic() + PATIENCE
    return [
        not_asked(rows[span], upstream, now)
        if span in cut
        else to_listing(rows[span].wait(give_up))
        for span in spans
    ]


def rows_of(spans: Sequence[Span], now: datetime) -> dict[Span, FreeTimes]:
    """Return the stored row of each span, after adding those that are missing.

    All requests add them in the same order, so that no two wait for each other.
    """
    rows = stored_rows(spans)
    if missing := sorted(set(spans) - rows.keys()):
        source, asked_at = calcom_client.source(), now - FRESH_FOR
        FreeTimes.objects.bulk_create(
            [FreeTimes(source=source, asked_at=asked_at, **asdict(span)) for span in missing],
            ignore_conflicts=True,  # another request may have been first
        )
        rows |= stored_rows(missing)
    return {span: rows[span] for span in spans}


def stored_rows(spans: Iterable[Span]) -> dict[Span, FreeTimes]:
    wanted = {f"{each.name}__in": {getattr(span, each.name) for span in spans} for each in PARTS}
    rows = FreeTimes.objects.filter(source=calcom_client.source(), **wanted)
    return {Span(*(getattr(row, each.name) for each in PARTS)): row for row in rows}


def is_fresh(row: FreeTimes, now: datetime) -> bool:
    # Another process may have read the clock later, so ``asked_at`` can be ahead of ``now``.
    return row.asked_at - fresh_for(row) < now < row.asked_at + fresh_for(row)


def room_for_lists(upstream: Upstream, now: datetime) -> int | None:
    """Return how many calls the allowance covers beside those for holds; None if unknown."""
    room = upstream.room(now)
    if room is None:
        return None
    return max(0, room - (upstream.rate_limit or 0) // RESERVED_PART)


def not_asked(row: FreeTimes, upstream: Upstream, now: datetime) -> Listing:
    """Return the stored times of a row that the allowance does not cover."""
    reserved = (upstream.rate_limit or 0) // RESERVED_PART
    wait = timedelta(seconds=upstream.seconds_to_wait(reserved + 1, now) or 1)
    cause = Cause.RATE_LIMITED if upstream.is_blocked(now) else NO_ROOM
    return replace(to_listing(row), cause=cause, again_at=now + wait)


def fresh_for(row: FreeTimes) -> timedelta:
    return BRIEF if row.cause in BRIEF_FAILURES else FRESH_FOR


def ask_together(
    wanted: Sequence[Wanted], ask: Callable[[Wanted], Answer[T]]
) -> list[tuple[Wanted, Answer[T] | CalcomError | None]]:
    """Return each with cal.com's answer, or the error; several are asked at once.

    In the order of arrival: the last answer tells best what is left of the allowance. None stands
    for one that was not asked, because the others took too long or cal.com hangs.
    """
    stop_at = time.monotonic() + calcom_client.PAGE_SECONDS

    def ask_one(one: Wanted) -> tuple[Wanted, Answer[T] | CalcomError | None]:
        if time.monotonic() > stop_at or rate_and_clock.hangs():
            return one, None
        try:
            return one, ask(one)
        except CalcomError as error:
            log.warning("%s could not be read: %s", one, error)
            return one, error

    if len(wanted) < 2:
        return [ask_one(one) for one in wanted]
    never = datetime.max.replace(tzinfo=UTC)
    with ThreadPoolExecutor(max_workers=TOGETHER) as pool:
        answered = pool.map(ask_one, wanted)
        return sorted(answered, key=lambda pair: pair[1].exchange.received_at if pair[1] else never)


def ask(span: Span) -> Answer[Listed[Slot]]:
    call = endpoints.slots(
        event_type_id=span.event_type_id,
        start=span.start,
        end=span.end,
        duration=span.slot_duration or None,
    )
    return calcom_client.client().send(call)


def store(
    row: FreeTimes, answer: Answer[Listed[Slot]] | CalcomError | None, upstream: Upstream
) -> None:
    """Store cal.com's answer, or why there is none."""
    if answer is not None:
        rate_and_clock.learn(upstream, answer)
    if answer is None or isinstance(answer, CalcomError):
        row.cause = str(answer.cause if answer else UNDER_WAY)
    else:
        row.slots = [slot_to_json(slot) for slot in answer.value.entries]
        row.unread = answer.value.unread
        row.answered_at = row.asked_at + timedelta(milliseconds=answer.exchange.milliseconds)
    row.store("slots", "unread", "answered_at", "cause")


def to_listing(row: FreeTimes) -> Listing:
    return Listing(
        slots=tuple(slot_from_json(item) for item in row.slots),
        as_of=row.answered_at,
        cause=row.cause or (UNDER_WAY if row.is_under_way else ""),
        again_at=row.asked_at + fresh_for(row),
        unread=row.unread,
    )


def slot_to_json(slot: Slot) -> list[Any]:
    end = slot.end and slot.end.isoformat()
    return [slot.start.isoformat(), end, slot.seats_total, slot.seats_remaining]


def slot_from_json(item: list[Any]) -> Slot:
    start, end, total, remaining = item
    slot_end = datetime.fromisoformat(end) if end else None
    return Slot(datetime.fromisoformat(start), slot_end, total, remaining)
