"""Times that can be held: cal.com's free times combined with the holds in the database.

cal.com hides a time that anyone holds, and its listing may be half a minute old. The holds say
which times this office has, which were found taken, and which were given up since.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from dashboard.calcom import Cause, Slot
from dashboard.calcom_state.free_times import Listing, Span
from dashboard.holds.hosts import end_of, is_pooled, named_hosts
from dashboard.holds.models import Hold
from dashboard.holds.slots import INSTANT
from dashboard.holds.states import OPEN, State
from dashboard.localization import local_times

# cal.com caches a listing for up to two seconds.
CAL_COM_CACHE = timedelta(seconds=2)
TAKEN = frozenset({Cause.ALREADY_RESERVED, Cause.ALREADY_BOOKED, Cause.NO_SEATS})
# Ends after which a time may differ from what was listed before.
TAKEN_OR_FREED = (State.LOST, State.REFUSED, State.RELEASED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class OpenTime:
    """A time to choose, or one that is kept by ``hold``, a hold of this office."""

    start: datetime
    end: datetime | None
    seats_remaining: int | None
    seats_total: int | None
    hold: Hold | None = None

    @property
    def is_free(self) -> bool:
        return self.hold is None and (self.seats_remaining is None or self.seats_remaining > 0)


def registered(
    spans: Sequence[Span],
    listings: Iterable[Listing],
    *,
    event_types: Collection[int] | None = None,
    cal_now: datetime,
    now: datetime,
) -> list[Hold]:
    """Return the holds on the days of spans: open ones, and those ended since a listing was made.

    They are of all event types, unless ``event_types`` has their ids. The states are named so that
    an index finds the holds, and not every past one is read.
    """
    since = min((made_at(listing, cal_now, now) for listing in listings), default=cal_now)
    ended = Q(state__in=TAKEN_OR_FREED, ended_at__gt=since - CAL_COM_CACHE)
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    there = Hold.objects.overlapping(start, end).filter(Q(state__in=OPEN) | ended)
    if event_types is not None:
        there = there.filter(event_type_id__in=event_types)
    return list(there.with_people())


def made_at(listing: Listing, cal_now: datetime, now: datetime) -> datetime:
    """Return when a listing was made on cal.com's clock."""
    return listing.as_of + (cal_now - now) if listing.as_of else cal_now


def combine(
    span: Span,
    listing: Listing,
    found: Iterable[Hold],
    *,
    hosts: Collection[Any] = (),
    cal_now: datetime,
    now: datetime,
) -> list[OpenTime]:
    """Return the times of a span that are ahead on cal.com's clock, soonest first.

    ``found`` are its holds, as from ``registered``. Times at which one of ``hosts`` (keys as of
    ``hosts.needed_by``) is held are left out.
    """
    since = made_at(listing, cal_now, now)
    holds = [hold for hold in found if hold.event_type_id == span.event_type_id]
    busy = [
        hold
        for hold in found
        if hold.event_type_id != span.event_type_id
        and not is_pooled(hold)
        and not named_hosts(hold).keys().isdisjoint(hosts)
        and hold.keeps_slot(cal_now)
    ]
    held = [hold for hold in holds if hold.keeps_slot(cal_now)]
    hidden = [*held, *busy, *(hold for hold in holds if was_taken(hold, since))]
    listed = listing.listed.entries
    freed = freed_slots(holds, listed, cal_now, since)
    slots = {slot.start: slot for slot in (*freed, *listed)}
    times = [
        OpenTime(slot.start, slot.end, slot.seats_remaining, slot.seats_total)
        for slot in slots.values()
        if not any(overlaps(slot, hold) for hold in hidden)
    ]
    times += [held_time(hold, slots.get(hold.slot_start)) for hold in held]
    return sorted(
        (time for time in times if time.start > cal_now and span.start <= time.start < span.end),
        key=lambda time: time.start,
    )


def was_taken(hold: Hold, since: datetime) -> bool:
    """Return True for a slot that was found taken after the listing was made."""
    if hold.ended_at is None or hold.ended_at <= since:
        return False
    return hold.state == State.LOST or (hold.state == State.REFUSED and hold.end_reason in TAKEN)


def freed_slots(
    holds: Iterable[Hold], listed: Sequence[Slot], cal_now: datetime, since: datetime
) -> list[Slot]:
    """Return slots of holds that ended after the listing was made, if they fit what it shows."""
    ended = [hold for hold in holds if hold.slot_end and was_freed(hold, cal_now, since)]
    slots = [Slot(hold.slot_start, hold.slot_end) for hold in ended]
    with_end = [slot for slot in listed if slot.end]
    return [slot for slot in slots if not with_end or fits(slot, with_end)]


def fits(slot: Slot, listed: Sequence[Slot]) -> bool:
    """Return whether a slot is one of the day's row: beside a listed one, or between two.

    A time that was typed by hand may be held and still not be one that cal.com offers.
    """
    length = (slot.end or slot.start) - slot.start
    if not length:
        return False
    alike = [each.start for each in listed if each.end and each.end - each.start == length]
    gaps = [start - slot.start for start in alike if day_of(start) == day_of(slot.start)]
    in_step = [gap for gap in gaps if not gap % length]
    is_between = bool(in_step) and min(in_step) < timedelta(0) < max(in_step)
    return is_between or any(abs(gap) <= length for gap in in_step)


def day_of(moment: datetime) -> date:
    return moment.astimezone(local_times.office()).date()


def was_freed(hold: Hold, cal_now: datetime, since: datetime) -> bool:
    if hold.state == State.HELD:  # expired, and not recorded yet
        until = hold.held_until
        return hold.change is None and until is not None and since < until <= cal_now
    is_late = hold.ended_at is not None and hold.ended_at > since - CAL_COM_CACHE
    return is_late and hold.state in (State.RELEASED, State.EXPIRED)


def overlaps(slot: Slot, hold: Hold) -> bool:
    slot_end = slot.end or slot.start + INSTANT
    return slot.start < end_of(hold) and hold.slot_start < slot_end


def held_time(hold: Hold, slot: Slot | None) -> OpenTime:
    """Return the time of a hold. Seated event types list its slot too, with the seats left."""
    left, total = (slot.seats_remaining, slot.seats_total) if slot else (None, None)
    return OpenTime(hold.slot_start, hold.slot_end, left, total, hold)
