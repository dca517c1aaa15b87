"""From the ``data`` of an answer to the values of ``types``.

What Holdfast decides by is read strictly (``shapes.UnknownShapeError`` otherwise); what it only
shows may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from dashboard.calcom.cleansing import plain
from dashboard.calcom.shapes import (
    UnknownShapeError,
    integer,
    integer_or_none,
    listing,
    mapping,
    moment,
    moment_or_none,
    uid,
)
from dashboard.calcom.types import EventType, Kind, Reservation, Slot

TITLE = 200  # characters
MINUTE = timedelta(minutes=1)
KINDS = {
    "roundrobin": Kind.ROUND_ROBIN,
    "collective": Kind.COLLECTIVE,
    "managed": Kind.MANAGED,
}


def reservation(data: Mapping[str, object]) -> Reservation:
    """A reservation as POST, PATCH and GET deliver it; GET leaves out the minutes asked for.

    Of the slot's end and its length one tells the other, should one be left out.
    """
    start, end = moment(data, "slotStart"), moment_or_none(data, "slotEnd")
    length = integer_or_none(data, "slotDuration")
    if length is None:
        length = (moment(data, "slotEnd") - start) // MINUTE
    found = Reservation(
        event_type_id=integer(data, "eventTypeId"),
        slot_start=start,
        slot_end=_later(start, length) if end is None else end,
        slot_duration=length,
        reservation_until=moment(data, "reservationUntil"),
        reservation_duration=integer_or_none(data, "reservationDuration"),
        reservation_uid=uid(data, "reservationUid"),
    )
    if found.slot_end < found.slot_start:
        raise UnknownShapeError("slotEnd is before slotStart")
    return found


def _later(start: datetime, minutes: int) -> datetime:
    try:
        return start + minutes * MINUTE
    except OverflowError:
        raise UnknownShapeError("slotDuration is too long") from None


def event_type(data: Mapping[str, object]) -> EventType:
    """An event type, of one person or of a team."""
    number = integer(data, "id")
    slug = _words(data.get("slug"))
    seats = _seats(data.get("seats"))
    return EventType(
        id=number,
        title=_words(data.get("title")) or slug or f"#{number}",
        slug=slug,
        kind=_kind(data.get("schedulingType"), seats),
        length_in_minutes=integer(data, "lengthInMinutes"),
        length_options=_lengths(data.get("lengthInMinutesOptions")),
        seats_per_time_slot=seats,
        hidden=data.get("hidden") is True,
        owners=_owners(data.get("users")) or _owners(data.get("hosts")),
    )


def event_types(data: list[object]) -> tuple[EventType, ...]:
    """Those that can be held, by title. Dynamic ones have the id 0 and are nothing to hold."""
    found = (event_type(mapping(one, "event type")) for one in data)
    return tuple(
        sorted((one for one in found if one.id > 0), key=lambda one: (one.title.casefold(), one.id))
    )


def slots(data: object, start: datetime, end: datetime) -> tuple[Slot, ...]:
    """The slots of all days that start in [start, end), soonest first.

    Where there are none, some have seen an empty list: https://github.com/calcom/cal.diy/issues/23770
    """
    by_day = {} if data == [] else mapping(data, "data")
    days = (listing(day, "day") for day in by_day.values())
    found = {one.start: one for day in days for one in map(_slot, day)}
    return tuple(found[at] for at in sorted(found) if start <= at < end)


def _slot(entry: object) -> Slot:
    if isinstance(entry, str):  # as cal.com's own document has it
        entry = {"start": entry}
    data = mapping(entry, "slot")
    return Slot(
        start=moment(data, "start"),
        end=None if data.get("end") is None else moment(data, "end"),
        seats_total=integer_or_none(data, "seatsTotal"),
        seats_remaining=integer_or_none(data, "seatsRemaining"),
    )


def _kind(scheduling: object, seats: int | None) -> Kind:
    if scheduling is None:
        return Kind.INDIVIDUAL if seats is None else Kind.SEATED
    name = str(scheduling).replace("_", "").lower()
    return KINDS.get(name, Kind.OTHER)


def _seats(data: object) -> int | None:
    """Seats of a time slot; None for ``{"disabled": true}``, which stands for not seated."""
    if not isinstance(data, dict) or data.get("disabled") is True:
        return None
    return integer_or_none(data, "seatsPerTimeSlot")


def _lengths(data: object) -> tuple[int, ...]:
    if data is None:
        return ()
    options = listing(data, "lengthInMinutesOptions")
    return tuple(sorted({integer({"length": one}, "length") for one in options}))


def _owners(data: object) -> tuple[str, ...]:
    people = data if isinstance(data, list) else []
    return tuple(filter(None, map(_name, people)))


def _name(person: object) -> str:
    if isinstance(person, dict):
        return _words(person.get("name")) or _words(person.get("username"))
    return _words(person)


def _words(value: object) -> str:
    return plain(value, TITLE) if isinstance(value, str) else ""
