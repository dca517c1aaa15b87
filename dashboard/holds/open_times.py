"""What can be held of a span: cal.com's listing with our own holds laid over it.

cal.com hides a time that anybody holds, and its listing may be half a minute old, so the register
says the rest: which times we hold, which we found taken, and which we gave free meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from dashboard.calcom import Cause, Slot
from dashboard.holds.free_times import Listing, Span
from dashboard.holds.models import Hold

State = Hold.State

# A listing is itself up to two seconds old at cal.com.
CAL_COM_CACHE = timedelta(seconds=2)
INSTANT = timedelta(seconds=1)
TAKEN = frozenset({Cause.ALREADY_RESERVED, Cause.ALREADY_BOOKED, Cause.NO_SEATS})


@dataclass(frozen=True, slots=True)
class Time:
    """A time to start at. ``hold`` is ours that keeps it from everybody else."""

    start: datetime
    end: datetime | None
    seats_total: int | None = None
    seats_remaining: int | None = None
    hold: Hold | None = None

    @property
    def is_free(self) -> bool:
        return self.hold is None and self.seats_remaining != 0


def of(span: Span, listing: Listing, *, at: datetime, now: datetime) -> list[Time]:
    """The times of a span still ahead on cal.com's clock, soonest first."""
    since = listing.as_of + (at - now) if listing.as_of else at
    ours = list(_ours(span, since))
    held = [hold for hold in ours if _keeps(hold, at)]
    taken = [hold for hold in ours if _was_taken(hold, since)]
    listed = {slot.start: slot for slot in (*_given_free(ours, listing, at, since), *listing.slots)}
    times = [
        Time(slot.start, slot.end, slot.seats_total, slot.seats_remaining)
        for slot in listed.values()
        if not any(_overlap(slot, hold) for hold in (*held, *taken))
    ]
    times += [_held(hold, listed.get(hold.slot_start)) for hold in held]
    return sorted(
        (time for time in times if time.start > at and span.start <= time.start < span.end),
        key=lambda time: time.start,
    )


def _ours(span: Span, since: datetime) -> Iterable[Hold]:
    """Holds that say something of these times which the listing cannot."""
    meanwhile = Q(ended_at__gt=since - CAL_COM_CACHE)
    at_these = Hold.objects.overlapping(span.event_type_id, span.start, span.end)
    return at_these.filter(Q(state__in=Hold.OPEN) | meanwhile).select_related("holder", "claim_by")


def _keeps(hold: Hold, at: datetime) -> bool:
    """Whether cal.com keeps the time for us, as far as we know, or is being asked to."""
    if hold.state == State.UNCONFIRMED:
        return hold.latest_end is None or hold.latest_end > at
    return hold.state == State.PLACING or hold.is_live(at)


def _was_taken(hold: Hold, since: datetime) -> bool:
    """Whether we met somebody else at that time after cal.com listed it."""
    if hold.ended_at is None or hold.ended_at <= since:
        return False
    return hold.state == State.LOST or (hold.state == State.REFUSED and hold.end_reason in TAKEN)


def _given_free(
    ours: list[Hold], listing: Listing, at: datetime, since: datetime
) -> Iterable[Slot]:
    """Times that our holds hid when cal.com listed, and that have ended since."""
    lengths = {slot.end - slot.start for slot in listing.slots if slot.end}
    for hold in ours:
        if not _has_let_go(hold, at, since) or hold.slot_end is None:
            continue
        if not lengths or hold.slot_end - hold.slot_start in lengths:
            yield Slot(hold.slot_start, hold.slot_end)


def _has_let_go(hold: Hold, at: datetime, since: datetime) -> bool:
    if hold.state == State.HELD:  # its time is up, and nobody has recorded it yet
        return hold.change is None and hold.held_until is not None and since < hold.held_until <= at
    return hold.state in (State.RELEASED, State.EXPIRED)


def _overlap(slot: Slot, hold: Hold) -> bool:
    slot_end = slot.end or slot.start + INSTANT
    hold_end = hold.slot_end or hold.slot_start + INSTANT
    return slot.start < hold_end and hold.slot_start < slot_end


def _held(hold: Hold, slot: Slot | None) -> Time:
    total, remaining = (slot.seats_total, slot.seats_remaining) if slot else (None, None)
    return Time(hold.slot_start, hold.slot_end, total, remaining, hold)
