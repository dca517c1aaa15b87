"""Free times as cal.com lists them, requested once for all people and processes.

Together they cause at most one call per FRESH_FOR for each event type, span and length: a row in
the database says who is asking, and the others read its answer. Each key and address of cal.com has
rows of its own. Free times only inform; cal.com's POST decides.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from dashboard.calcom import CalcomError, Cause, Slot
from dashboard.holds import calcom_client, rate_and_clock
from dashboard.holds.models import FreeTimes, Upstream
from dashboard.localization import local_times

log = logging.getLogger(__name__)

FRESH_FOR = timedelta(seconds=30)
# Failures that do not burden cal.com, and that an operator is about to mend.
BRIEF_FAILURES = {Cause.NOT_SENT, Cause.KEY_REJECTED, Cause.WRONG_ROUTE}
BRIEF = timedelta(seconds=5)
DELETE_AFTER = timedelta(hours=1)
# Wait for another request's call, in seconds.
PATIENCE = 2.5
PAUSE = 0.05
# One in so many calls of the rate allowance is reserved for holding, extending, moving, releasing.
RESERVED_PART = 3
WEEK_DAYS = 7  # the picker reads whole weeks, and its answers are shared
# Reasons not to ask, beside the causes of calls.
NO_ROOM = "no_room"
UNDER_WAY = "under_way"


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days of one event type in the office's zone. ``slot_duration`` 0: its own length.

    The fields are those of FreeTimes.
    """

    event_type_id: int
    first_day: date
    days: int
    slot_duration: int = 0  # minutes

    @property
    def start(self) -> datetime:
        return local_times.office_midnight(self.first_day)

    @property
    def end(self) -> datetime:
        return local_times.office_midnight(self.first_day + timedelta(days=self.days))


@dataclass(frozen=True, slots=True)
class Listing:
    """The last answer of cal.com, soonest slot first.

    ``as_of`` is its time on this server's clock, None if cal.com never answered. ``cause`` says why
    it is not fresh: a Cause, NO_ROOM or UNDER_WAY; empty if it is. ``again_at`` is when to ask
    again. ``unread`` counts times in the answer that made no sense.
    """

    slots: tuple[Slot, ...]
    as_of: datetime | None
    cause: str
    again_at: datetime
    unread: int = 0


def listing(span: Span, *, now: datetime) -> Listing:
    """Return the free times of a span, from cal.com where the stored ones are not fresh."""
    row, _created = FreeTimes.objects.get_or_create(
        source=calcom_client.source(), **asdict(span), defaults={"asked_at": now - FRESH_FOR}
    )
    # Another process may have read the clock later, so ``asked_at`` can be ahead of ``now``.
    if row.asked_at - fresh_for(row) < now < row.asked_at + fresh_for(row):
        return to_listing(wait_for_answer(row))
    upstream = rate_and_clock.load()
    reserved = (upstream.rate_limit or 0) // RESERVED_PART
    wait = upstream.seconds_to_wait(reserved + 1, now)
    if wait is not None:
        cause = Cause.RATE_LIMITED if upstream.is_blocked(now) else NO_ROOM
        again_at = now + timedelta(seconds=wait)
        return replace(to_listing(row), cause=cause, again_at=again_at)
    unclaimed = FreeTimes.objects.filter(pk=row.pk, asked_at=row.asked_at)
    if not unclaimed.update(asked_at=now, cause=""):
        return listing(span, now=now)  # another request was first
    row.asked_at, row.cause = now, ""
    ask(row, span, upstream)
    return to_listing(row)


def fresh_for(row: FreeTimes) -> timedelta:
    return BRIEF if row.cause in BRIEF_FAILURES else FRESH_FOR


def is_under_way(row: FreeTimes) -> bool:
    """Return True while the request that set ``asked_at`` waits for cal.com."""
    answered = row.answered_at is not None and row.answered_at >= row.asked_at
    return not answered and not row.cause


def wait_for_answer(row: FreeTimes) -> FreeTimes:
    """Return the row once a call under way has ended, or as it is after PATIENCE."""
    give_up = time.monotonic() + PATIENCE
    while is_under_way(row) and time.monotonic() < give_up:
        time.sleep(PAUSE)
        row = FreeTimes.objects.filter(pk=row.pk).first() or row
    return row


def ask(row: FreeTimes, span: Span, upstream: Upstream) -> None:
    """Ask cal.com and store its answer, or the cause of its failure. Delete old rows."""
    started = time.monotonic()
    try:
        answer = calcom_client.client().slots(
            event_type_id=span.event_type_id,
            start=span.start,
            end=span.end,
            duration=span.slot_duration or None,
        )
    except CalcomError as error:
        log.warning("Free times could not be read: %s", error)
        rate_and_clock.learn(upstream, error.exchange, error)
        row.cause = str(error.cause)
    else:
        rate_and_clock.learn(upstream, answer.exchange)
        row.slots = [slot_to_json(slot) for slot in answer.value.entries]
        row.unread = answer.value.unread
        row.answered_at = row.asked_at + timedelta(seconds=time.monotonic() - started)
    rate_and_clock.save(upstream)
    FreeTimes.objects.filter(pk=row.pk, asked_at=row.asked_at).update(
        slots=row.slots, unread=row.unread, answered_at=row.answered_at, cause=row.cause
    )
    FreeTimes.objects.filter(asked_at__lt=row.asked_at - DELETE_AFTER).delete()


def to_listing(row: FreeTimes) -> Listing:
    return Listing(
        slots=tuple(slot_from_json(item) for item in row.slots),
        as_of=row.answered_at,
        cause=row.cause or (UNDER_WAY if is_under_way(row) else ""),
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
