"""Compute the slot that a verb asks for, checked against the rules of the office."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from dashboard.accounts.models import User
from dashboard.calcom import EventType
from dashboard.calendars import catalogue
from dashboard.holds import messages, rules, safety
from dashboard.holds.models import Hold
from dashboard.holds.new_holds import known_end
from dashboard.holds.slots import SlotHold, minutes_until

# A wish that ends at most this much before the present end shortens nothing.
TOLERANCE = timedelta(seconds=2)


def new_choice(event_type_id: int, user: User, *, now: datetime) -> EventType | None:
    """Return an event type that is to be held, None where it cannot be read. Raises HoldError."""
    known = rules.require_allowed_calendar(event_type_id, user, now=now)
    rules.require_unpaused(event_type_id, known)
    return catalogue.event_type(event_type_id, known)


def extension_target(
    hold: Hold,
    *,
    reservation_duration: int | None = None,
    add: int | None = None,
    until: datetime | None = None,
    cal_now: datetime,
) -> SlotHold:
    """Return the hold's own slot, held for longer. Raises HoldError: it is never shortened.

    The slot ends as cal.com now makes it, which another length of the event type changes.
    ``reservation_duration`` is in minutes from now, as at cal.com; ``add`` counts on from
    held-until, ``until`` is a moment. Both are rounded up to a whole minute.
    """
    slot = hold.slot_hold()
    if reservation_duration is not None:
        minutes = reservation_duration
    elif until is not None:
        rules.require_until(until, cal_now=cal_now)
        minutes = minutes_until(until, cal_now)
    elif add is not None:
        most, start = settings.HOLD_MINUTES_MAX, max(slot.held_until, cal_now)
        minutes = minutes_until(start + timedelta(minutes=min(add, most)), cal_now)
        if max(add, minutes) > most:  # a button, so no field is wrong
            safe = safety.still_yours(hold, cal_now)
            raise messages.refusal("longest", hold=hold, safe=safe, most=most)
    else:
        raise messages.refusal("how_long", hold=hold)
    rules.require_reservation_duration(minutes)
    end = cal_now + timedelta(minutes=minutes)
    if hold.is_live(cal_now) and end < slot.held_until - TOLERANCE:
        field = "until" if until else ""
        raise messages.refusal("would_shorten", hold=hold, field=field, until=slot.held_until)
    event_type = catalogue.event_type(slot.event_type_id)
    length = kept_length(slot, event_type)
    slot_end = known_end(slot.slot_start, length, event_type) or slot.slot_end
    return replace(slot, slot_end=slot_end, slot_duration=length, held_until=end)


def move_target(
    hold: Hold,
    *,
    user: User,
    slot_start: datetime,
    event_type_id: int | None,
    slot_duration: int | None,
    reservation_duration: int | None,
    cal_now: datetime,
    now: datetime,
) -> SlotHold:
    """Return where a move goes. Without minutes the hold keeps its end. Raises HoldError."""
    event_type_id = event_type_id or hold.event_type_id
    rules.require_slot(event_type_id, slot_start, cal_now=cal_now)
    same_type = event_type_id == hold.event_type_id
    if same_type:
        event_type = catalogue.event_type(event_type_id)
    else:
        event_type = new_choice(event_type_id, user, now=now)
    rules.require_slot_duration(slot_duration, event_type)
    if reservation_duration is not None:
        rules.require_reservation_duration(reservation_duration)
    origin = hold.slot_hold()
    minutes = reservation_duration or minutes_until(origin.held_until, cal_now)
    if slot_duration is None and same_type:
        slot_duration = kept_length(origin, event_type)
    end = known_end(slot_start, slot_duration, event_type) or slot_start + origin.length
    until = cal_now + timedelta(minutes=minutes)
    target = SlotHold(event_type_id, slot_start, end, slot_duration, until)
    same_slot = (target.slot_start, target.slot_end) == (origin.slot_start, origin.slot_end)
    if same_type and same_slot:
        raise messages.refusal("same_time", hold=hold)
    return target


def kept_length(slot: SlotHold, event_type: EventType | None) -> int | None:
    """Return the length to ask for so that a slot keeps its own, None for the only one there is.

    The lengths that the event type offers may have changed since.
    """
    if event_type is None:
        return slot.slot_duration
    own = slot.length // timedelta(minutes=1)
    if own in event_type.length_options:
        return own
    return slot.slot_duration if event_type.length_options else None
