"""Read the ``data`` of an answer into the values of ``types``.

What Holdfast decides by is read strictly; what it only shows may be missing. An UnknownShapeError
says what was wrong, never what was there. In a list, an entry that cannot be read is left out,
counted and logged: one odd event type must not hide the others.
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from dashboard.calcom.cleansing import plain
from dashboard.calcom.types import (
    LARGEST_INTEGER,
    EventType,
    EventTypeKind,
    Host,
    Listed,
    Reservation,
    Slot,
    Team,
)

T = TypeVar("T")
log = logging.getLogger(__name__)

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
UID = re.compile(r"(?!\.\.?$)[!-~]{1,200}")  # "." and ".." are no segment of an address
LENGTHS = range(1, 31 * 24 * 60 + 1)  # minutes of an event type
SEATS = range(1, 10_001)
YEARS = range(1970, 3000)  # any time zone can show these
TITLE = 200  # characters
MINUTE = timedelta(minutes=1)
KINDS = {
    "roundrobin": EventTypeKind.ROUND_ROBIN,
    "collective": EventTypeKind.COLLECTIVE,
    "managed": EventTypeKind.MANAGED,
}


class UnknownShapeError(Exception):
    """JSON of an unknown shape."""


def reservation(value: object) -> Reservation:
    """Read a reservation of POST, PATCH or GET; GET leaves out the minutes asked for.

    Where the slot's end or its length is left out, it is computed from the other.
    """
    data = mapping(value, "data")
    start = moment(data, "slotStart")
    end, length = optional(moment, data, "slotEnd"), optional(integer, data, "slotDuration")
    if end is None:
        end = end_of(start, integer(data, "slotDuration") if length is None else length)
    if end < start:
        raise UnknownShapeError("slotEnd is before slotStart")
    return Reservation(
        event_type_id=integer(data, "eventTypeId"),
        slot_start=start,
        slot_end=end,
        slot_duration=(end - start) // MINUTE,
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
        length_in_minutes=within(LENGTHS, data, "lengthInMinutes"),
        length_options=lengths_of(data.get("lengthInMinutesOptions")),
        seats_per_time_slot=seats,
        hidden=data.get("hidden") is True,
        hosts=hosts_of(data.get("users")) or hosts_of(data.get("hosts")),
        team_id=known_id(data.get("teamId")),
    )


def event_types(value: object) -> Listed[EventType]:
    """Read those that can be held, by title.

    Not dynamic ones, which have the id 0, and not managed ones, which only are copied to people.
    """
    found = readable(event_type, listing(value, "data"), "event types")
    held = (one for one in found.entries if one.id > 0 and one.kind is not EventTypeKind.MANAGED)
    by_title = sorted(held, key=lambda one: (one.title.casefold(), one.id))
    return Listed(tuple(by_title), found.unread)


def team(value: object) -> Team:
    data = mapping(value, "team")
    number, slug = integer(data, "id"), text_of(data.get("slug"))
    return Team(number, text_of(data.get("name")) or slug or f"#{number}", slug)


def teams(value: object) -> Listed[Team]:
    """Read the teams that can be read, by name."""
    found = readable(team, listing(value, "data"), "teams")
    by_name = sorted(found.entries, key=lambda one: (one.name.casefold(), one.id))
    return Listed(tuple(by_name), found.unread)


def slots(value: object, start: datetime, end: datetime) -> Listed[Slot]:
    """Read the slots of all days that start in [start, end), soonest first.

    Without any, some servers send an empty list: https://github.com/calcom/cal.diy/issues/23770
    """
    by_day = {} if value == [] else mapping(value, "data")
    days = (day if isinstance(day, list) else [None] for day in by_day.values())
    found = readable(slot, (entry for day in days for entry in day), "slots")
    by_start = {one.start: one for one in found.entries if start <= one.start < end}
    return Listed(tuple(by_start[at] for at in sorted(by_start)), found.unread)


def readable(read: Callable[[object], T], entries: Iterable[object], name: str) -> Listed[T]:
    """Read the entries that can be read; log what was wrong with the first of the others."""
    found, problems = [], []
    for entry in entries:
        try:
            found.append(read(entry))
        except UnknownShapeError as problem:
            problems.append(problem)
    if problems:
        log.warning(
            "cal.com sent %s that cannot be read: %d; first: %s", name, len(problems), problems[0]
        )
    return Listed(tuple(found), len(problems))


def slot(entry: object) -> Slot:
    """Read one slot: an object, or, as in cal.com's own document, the moment it starts."""
    data = {"start": entry} if isinstance(entry, str) else mapping(entry, "slot")
    start, end = moment(data, "start"), optional(moment, data, "end")
    if end is not None and end < start:
        raise UnknownShapeError("end is before start")
    total, left = optional(integer, data, "seatsTotal"), optional(integer, data, "seatsRemaining")
    total = total if total in SEATS else None
    if left is not None and left > (total or SEATS.stop - 1):
        left = None
    # Fewer than none are left where more were booked than there are seats now.
    return Slot(start, end, total, left and max(left, 0))


def kind_of_event(scheduling: object, seats: int | None) -> EventTypeKind:
    if scheduling is None:
        return EventTypeKind.INDIVIDUAL if seats is None else EventTypeKind.SEATED
    return KINDS.get(str(scheduling).replace("_", "").lower(), EventTypeKind.OTHER)


def seats_of(value: object) -> int | None:
    """Read the seats of a time slot; None for ``{"disabled": true}``, which means not seated."""
    if not isinstance(value, dict) or value.get("disabled") is True:
        return None
    given = value.get("seatsPerTimeSlot")
    return None if given is None else within(SEATS, value, "seatsPerTimeSlot")


def lengths_of(value: object) -> tuple[int, ...]:
    """Read the lengths to choose from, in minutes; none where the length is fixed."""
    options = [] if value is None else listing(value, "lengthInMinutesOptions")
    return tuple(sorted({within(LENGTHS, {"length": one}, "length") for one in options}))


def hosts_of(value: object) -> tuple[Host, ...]:
    """Read people, as far as they have a name; cal.com's own document has names only."""
    hosts = map(host_of, value if isinstance(value, list) else [])
    return tuple(host for host in hosts if host.name)


def host_of(value: object) -> Host:
    if not isinstance(value, dict):
        return Host(None, text_of(value), "")
    username = text_of(value.get("username"))
    number = known_id(value.get("id", value.get("userId")))
    name = text_of(value.get("name")) or username
    return Host(number, name, username, is_fixed=value.get("mandatory") is True)


def known_id(value: object) -> int | None:
    """Read a primary key; None for anything else."""
    return value if type(value) is int and 0 < value <= LARGEST_INTEGER else None


def text_of(value: object) -> str:
    """Read text to show; "" for anything else."""
    return plain(value, TITLE) if isinstance(value, str) else ""


def mapping(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UnknownShapeError(f"{name} is no object")
    return value


def listing(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise UnknownShapeError(f"{name} is no list")
    return value


def integer(data: Mapping[str, object], key: str) -> int:
    """Read a whole number; true, false and 1.0 are none."""
    value = data.get(key)
    if type(value) is not int or abs(value) > LARGEST_INTEGER:
        raise UnknownShapeError(f"{key} is no whole number")
    return value


def within(limits: range, data: Mapping[str, object], key: str) -> int:
    value = integer(data, key)
    if value not in limits:
        raise UnknownShapeError(f"{key} is not within {limits.start} and {limits.stop - 1}")
    return value


def end_of(start: datetime, length: int) -> datetime:
    try:
        end = start + length * MINUTE
    except OverflowError:
        raise UnknownShapeError("slotDuration is too long") from None
    if end.year not in YEARS:
        raise UnknownShapeError("slotDuration is too long")
    return end


def moment(data: Mapping[str, object], key: str) -> datetime:
    """Read a moment with an offset, in UTC."""
    value = data.get(key)
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        raise UnknownShapeError(f"{key} is no moment with an offset")
    try:
        found = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnknownShapeError(f"{key} is no moment with an offset") from None
    if found.year not in YEARS:
        raise UnknownShapeError(f"{key} is in a year that cannot be")
    return found


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
