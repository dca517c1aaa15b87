"""Free times as cal.com lists them, asked once for everybody.

All people and all processes together cause at most one call in half a minute for each event type,
span and length: a row in the database says who asks, and the others read what that one brought.
None of it decides anything: cal.com's POST does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from dashboard.calcom import CalcomError, Cause, Slot
from dashboard.holds import calls, local_times, rate_and_clock
from dashboard.holds.calls import Stopwatch
from dashboard.holds.models import FreeTimes, Upstream

KEPT = timedelta(seconds=30)
# What certainly never reached cal.com may be asked again sooner.
NOT_SENT_KEPT = timedelta(seconds=5)
# How long somebody waits for a colleague's call that is under way, in seconds.
PATIENCE = 2.5
PAUSE = 0.05
# After this nobody wants an old answer any more.
USELESS = timedelta(hours=1)
# The part of the rate allowance that is kept for holding, extending, moving and releasing.
KEPT_FOR_ACTIONS = 3  # a third
# Why nobody asked, beside the causes of calls.
NO_ROOM = "no_room"
UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days of the office's zone, of one event type. ``slot_duration`` 0: its own length."""

    event_type_id: int
    first_day: date
    days: int
    slot_duration: int = 0

    @property
    def start(self) -> datetime:
        return local_times.office_midnight(self.first_day)

    @property
    def end(self) -> datetime:
        return local_times.office_midnight(self.last_day + timedelta(days=1))

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)

    def rows(self) -> QuerySet[FreeTimes]:
        return FreeTimes.objects.filter(**self.key())

    def key(self) -> dict[str, Any]:
        return {
            "event_type_id": self.event_type_id,
            "first_day": self.first_day,
            "days": self.days,
            "slot_duration": self.slot_duration,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """What cal.com listed, soonest first.

    ``as_of`` is when, on our clock; None where it never answered. ``cause`` says why there is
    no fresh answer: a cause of ``dashboard.calcom.errors``, NO_ROOM or UNDER_WAY; "" where there
    is one. ``again_at`` is when asking again may help.
    """

    slots: tuple[Slot, ...]
    as_of: datetime | None
    cause: str
    again_at: datetime


def listing(span: Span, *, now: datetime) -> Listing:
    """The free times of a span, half a minute old at most where cal.com answers."""
    watch = Stopwatch(now)
    row = _row(span, now)
    if not _is_due(row, now):
        return _listing(_waited_for(row))
    known = rate_and_clock.load()
    if not _has_room(known, now):
        wait = known.seconds_to_wait(_reserve(known) + 1, now) or 1
        return _listing(row, cause=NO_ROOM, again_at=now + timedelta(seconds=wait))
    if _claims(row, now):
        return _listing(_asked(row, span, known, watch))
    return _listing(_waited_for(row))


def _row(span: Span, now: datetime) -> FreeTimes:
    """The row of a span; a new one is due at once."""
    found = span.rows().first()
    while found is None:
        new = FreeTimes(**span.key(), asked_at=now - KEPT)
        FreeTimes.objects.bulk_create([new], ignore_conflicts=True)
        found = span.rows().first()
    return found


def _is_due(row: FreeTimes, now: datetime) -> bool:
    kept = NOT_SENT_KEPT if row.cause == Cause.NOT_SENT else KEPT
    # A colleague's moment may be a little ahead of ours, which was read before it.
    return not row.asked_at - kept < now < row.asked_at + kept


def _has_room(known: Upstream, now: datetime) -> bool:
    room = known.room(now)
    return room is None or room > _reserve(known)


def _reserve(known: Upstream) -> int:
    return (known.rate_limit or 0) // KEPT_FOR_ACTIONS


def _claims(row: FreeTimes, now: datetime) -> bool:
    """Compare-and-set: whether this one asks. Another that came first has moved the moment."""
    mine = FreeTimes.objects.filter(pk=row.pk, asked_at=row.asked_at)
    if not mine.update(asked_at=now, cause=""):
        return False
    row.asked_at, row.cause = now, ""
    return True


def _asked(row: FreeTimes, span: Span, known: Upstream, watch: Stopwatch) -> FreeTimes:
    """Ask cal.com, and keep for everybody what it says."""
    try:
        answer = calls.client().slots(
            event_type_id=span.event_type_id,
            start=span.start,
            end=span.end,
            duration=span.slot_duration or None,
        )
    except CalcomError as error:
        rate_and_clock.learn(known, error.exchange, error)
        row.cause = str(error.cause)
    else:
        rate_and_clock.learn(known, answer.exchange)
        row.slots = [_to_json(slot) for slot in answer.value]
        row.answered_at = watch.now()
    rate_and_clock.save(known)
    fields = {"slots": row.slots, "answered_at": row.answered_at, "cause": row.cause}
    FreeTimes.objects.filter(pk=row.pk, asked_at=row.asked_at).update(**fields)
    FreeTimes.objects.filter(asked_at__lt=watch.now() - USELESS).delete()
    return row


def _is_under_way(row: FreeTimes) -> bool:
    answered = row.answered_at is not None and row.answered_at >= row.asked_at
    return not answered and not row.cause


def _waited_for(row: FreeTimes) -> FreeTimes:
    """The row once the call under way has come back, or after a while as it is."""
    patience = time.monotonic() + PATIENCE
    found = FreeTimes.objects.filter(pk=row.pk).first() or row
    while _is_under_way(found) and time.monotonic() < patience:
        time.sleep(PAUSE)
        found = FreeTimes.objects.filter(pk=row.pk).first() or row
    return found


def _listing(row: FreeTimes, *, cause: str = "", again_at: datetime | None = None) -> Listing:
    kept = NOT_SENT_KEPT if row.cause == Cause.NOT_SENT else KEPT
    return Listing(
        slots=tuple(_from_json(item) for item in row.slots),
        as_of=row.answered_at,
        cause=cause or row.cause or (UNDER_WAY if _is_under_way(row) else ""),
        again_at=again_at or row.asked_at + kept,
    )


def _to_json(slot: Slot) -> list[Any]:
    end = slot.end and slot.end.astimezone(UTC).isoformat()
    return [slot.start.astimezone(UTC).isoformat(), end, slot.seats_total, slot.seats_remaining]


def _from_json(item: list[Any]) -> Slot:
    start, end, total, remaining = item
    ends = datetime.fromisoformat(end) if end else None
    return Slot(datetime.fromisoformat(start), ends, total, remaining)
