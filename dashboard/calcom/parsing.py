"""Read the ``data`` of an answer into the values of ``types``.

What Holdfast decides by is read strictly; what it only shows may be missing. An UnknownShapeError
says what was wrong, never what was there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from dashboard.calcom.cleansing import plain
from dashboard.calcom.types import EventType, Kind, Reservation, Slot

T = TypeVar("T")

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
UID = re.compile(r"[!-~]{1,200}")
LARGEST = 2**31 - 1  # cal.com's integers have four bytes
TITLE = 200  # characters
MINUTE = timedelta(minutes=1)
KINDS = {
    "roundrobin": Kind.ROUND_ROBIN,
    "collective": Kind.COLLECTIVE,
    "managed": Kind.MANAGED,
}


class UnknownShapeError(Exception):
    """JSON of an unknown shape."""


def reservation(value: object) -> Reservation:
    """Read a reservation of POST, PATCH or GET; GET leaves out the minutes asked for.

    Of the slot's end and its length one tells the other, should one be left out.
    """
    data = mapping(value, "data")
    start = moment(data, "slotStart")
    end, length = optional(moment, data, "slotEnd"), optional(integer, data, "slotDuration")
    if length is None:
        length = (moment(data, "slotEnd") - start) // MINUTE
    try:
        end = end or start + length * MINUTE
    except OverflowError:
        raise UnknownShapeError("slotDuration is too long") from None
    if end < start:
        raise UnknownShapeError("slotEnd is before slotStart")
    return Reservation(
        event_type_id=integer(data, "eventTypeId"),
        slot_start=start,
        slot_end=end,
        slot_duration=length,
        reservation_until=moment(data, "reservationUntil"),
        reservation_duration=optional(integer, data, "reservationDuration"),
        reservation_uid=uid(data, "reservationUid"),
    )


def event_type(value: object) -> EventType:
    """Read an event type, of a person or of a team."""
    data = mapping(value, "event type")
    number = integer(data, "id")
    slug = text_of(data.get("slug"))
    seats = seats_of(data.get("seats"))
    return EventType(
        id=number,
        title=text_of(data.get("title")) or slug or f"#{number}",
        slug=slug,
        kind=kind_of_event(data.get("schedulingType"), seats),
        length_in_minutes=integer(data, "lengthInMinutes"),
        length_options=lengths_of(data.get("lengthInMinutesOptions")),
        seats_per_time_slot=seats,
        hidden=data.get("hidden") is True,
        owners=names_of(data.get("users")) or names_of(data.get("hosts")),
    )


def event_types(value: object) -> tuple[EventType, ...]:
    """Read those that can be held, by title. Dynamic ones have the id 0 and cannot be held."""
    found = [one for one in map(event_type, listing(value, "data")) if one.id > 0]
    return tuple(sorted(found, key=lambda one: (one.title.casefold(), one.id)))


def slots(value: object, start: datetime, end: datetime) -> tuple[Slot, ...]:
    """Read the slots of all days that start in [start, end), soonest first.

    Without any, some servers send an empty list: https://github.com/calcom/cal.diy/issues/23770
    """
    by_day = {} if value == [] else mapping(value, "data")
    days = (listing(day, "day") for day in by_day.values())
    found = {one.start: one for day in days for one in map(slot, day)}
    return tuple(found[at] for at in sorted(found) if start <= at < end)


def slot(entry: object) -> Slot:
    """Read one slot: an object, or, as in cal.com's own document, the moment it starts."""
    data = {"start": entry} if isinstance(entry, str) else mapping(entry, "slot")
    return Slot(
        start=moment(data, "start"),
        end=optional(moment, data, "end"),
        seats_total=optional(integer, data, "seatsTotal"),
        seats_remaining=optional(integer, data, "seatsRemaining"),
    )


def kind_of_event(scheduling: object, seats: int | None) -> Kind:
    """Read how an event type spreads its time over people."""
    if scheduling is None:
        return Kind.INDIVIDUAL if seats is None else Kind.SEATED
    return KINDS.get(str(scheduling).replace("_", "").lower(), Kind.OTHER)


def seats_of(value: object) -> int | None:
    """Read the seats of a time slot; None for ``{"disabled": true}``, which means not seated."""
    if not isinstance(value, dict) or value.get("disabled") is True:
        return None
    return optional(integer, value, "seatsPerTimeSlot")


def lengths_of(value: object) -> tuple[int, ...]:
    """Read the lengths to choose from, in minutes; none where the length is fixed."""
    options = [] if value is None else listing(value, "lengthInMinutesOptions")
    return tuple(sorted({integer({"length": one}, "length") for one in options}))


def names_of(value: object) -> tuple[str, ...]:
    """Read the names of people, as far as they have one."""
    people = value if isinstance(value, list) else []
    names = (
        text_of(one.get("name")) or text_of(one.get("username"))
        if isinstance(one, dict)
        else text_of(one)
        for one in people
    )
    return tuple(filter(None, names))


def text_of(value: object) -> str:
    """Read text to show; "" for anything else."""
    return plain(value, TITLE) if isinstance(value, str) else ""


def mapping(value: object, name: str) -> Mapping[str, object]:
    """Read a JSON object."""
    if not isinstance(value, dict):
        raise UnknownShapeError(f"{name} is no object")
    return value


def listing(value: object, name: str) -> list[object]:
    """Read a JSON array."""
    if not isinstance(value, list):
        raise UnknownShapeError(f"{name} is no list")
    return value


def integer(data: Mapping[str, object], key: str) -> int:
    """Read a whole number; true, false and 1.0 are none."""
    value = data.get(key)
    if type(value) is not int or abs(value) > LARGEST:
        raise UnknownShapeError(f"{key} is no whole number")
    return value


def moment(data: Mapping[str, object], key: str) -> datetime:
    """Read a moment with an offset, in UTC."""
    value = data.get(key)
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        raise UnknownShapeError(f"{key} is no moment with an offset")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnknownShapeError(f"{key} is no moment with an offset") from None


def optional(
    read: Callable[[Mapping[str, object], str], T], data: Mapping[str, object], key: str
) -> T | None:
    """Read a value, or None where the key is absent or null."""
    return None if data.get(key) is None else read(data, key)


def uid(data: Mapping[str, object], key: str) -> str:
    """Read a uid: up to 200 visible ASCII characters."""
    value = data.get(key)
    if not isinstance(value, str) or not UID.fullmatch(value):
        raise UnknownShapeError(f"{key} is no uid")
    return value
