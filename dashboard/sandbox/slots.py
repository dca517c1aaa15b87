"""GET /v2/slots: free times, up to two seconds old, and the purge of expired reservations.

https://cal.com/docs/api-reference/v2/slots/get-available-time-slots-for-an-event-type and
https://github.com/calcom/cal.diy/blob/main/packages/trpc/server/routers/viewer/slots/util.ts
"""

import re
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, available_timezones

from dashboard.sandbox import availability
from dashboard.sandbox.availability import Span
from dashboard.sandbox.backend import Backend
from dashboard.sandbox.dates import format_date, is_date_string, parse_date
from dashboard.sandbox.errors import check_integer, nest_error
from dashboard.sandbox.fixtures import EventType, Reservation
from dashboard.sandbox.routing import ApiCall

CACHED_FOR = timedelta(seconds=2)
NOTICE = timedelta(minutes=1)
# Node takes any case, and refuses two files of the system's database that are no zones.
ZONES = {name.lower(): name for name in available_timezones() - {"Factory", "localtime"}}
INTEGER = re.compile(r"\s*([+-]?\d+)", re.ASCII)  # the part of a text that parseInt reads


@dataclass(frozen=True, slots=True)
class FreeTime:
    """The start of a free slot; ``booked`` is None where the event type has no seats."""

    start: datetime
    booked: int | None = None
    booking_uid: str | None = None


@dataclass(frozen=True, slots=True)
class SlotsQuery:
    event_type_id: int
    start: datetime
    end: datetime
    zone: tzinfo
    minutes: int | None
    with_end: bool
    moved_booking: str


def list_slots(backend: Backend, call: ApiCall) -> Any:
    """Answer with the free times by day of the zone asked for."""
    sent = dict(parse_qsl(call.query, keep_blank_values=True))
    query = read_query(sent)
    check_integer(query.event_type_id)
    event_type = backend.event_types.get(query.event_type_id)
    if event_type is None:
        raise nest_error(404, "Event Type not found")
    now = backend.clock.now()
    key = tuple(sorted((name, value) for name, value in sent.items() if name != "format"))
    expires, free = backend.slot_cache.get(key, (now, []))
    if expires <= now:
        free = compute(backend, event_type, query, now)
        kept = {each: entry for each, entry in backend.slot_cache.items() if entry[0] > now}
        backend.slot_cache = kept | {key: (now + CACHED_FOR, free)}
    days: dict[str, list[Any]] = {}
    for each in free:
        day = str(each.start.astimezone(query.zone).date())
        days.setdefault(day, []).append(slot(each, event_type, query))
    return {"data": days, "status": "success"}


# The query. https://github.com/calcom/cal.diy/blob/main/packages/platform/types/slots/slots-2024-09-04/inputs/get-slots-input.pipe.ts


def is_date(value: str) -> bool:
    """Return whether class-validator accepts it, which checks the day and not the time of it."""
    day = re.split(r"[T\s]", value, maxsplit=1)[0]
    return is_date_string(value) and parse_date(day) is not None


NUMBER = "{} must be a number conforming to the specified constraints"
DATE = "{} must be a valid ISO 8601 date string"
FORMAT = "slotFormat must be either 'range' or 'time'"
RULES: dict[str, tuple[Callable[[str], object], str]] = {
    "eventTypeId": (INTEGER.match, NUMBER),
    "start": (is_date, DATE),
    "end": (is_date, DATE),
    "timeZone": (lambda value: value.lower() in ZONES, "{} must be a valid IANA time-zone"),
    "duration": (INTEGER.match, NUMBER),
    "format": (lambda value: value.lower() in {"", "range", "time"}, FORMAT),
    "bookingUidToReschedule": (bool, "{} must be a string"),
}
REQUIRED = {"eventTypeId", "start", "end"}


def read_query(sent: dict[str, str]) -> SlotsQuery:
    """Raise ApiError 400 with one sentence about all that is wrong."""
    wrong = [(name, f"property {name} should not exist") for name in sent if name not in RULES]
    for name, (accepts, words) in RULES.items():
        is_wrong = not accepts(sent[name]) if name in sent else name in REQUIRED
        if is_wrong:
            wrong.append((name, words.format(name)))
    if wrong:
        message = ", ".join(f"{name} property is wrong,{words} " for name, words in wrong)
        raise nest_error(400, message)
    start, end = read_date(sent, "start"), read_date(sent, "end")
    if end.time().replace(microsecond=0) == time(0):  # midnight means the whole day
        end += timedelta(hours=23, minutes=59, seconds=59)
    zone = ZONES[sent.get("timeZone", "UTC").lower()]
    return SlotsQuery(
        event_type_id=read_number(sent["eventTypeId"]),
        start=start,
        end=end,
        zone=UTC if zone in {"UTC", "GMT"} else ZoneInfo(zone),
        minutes=read_number(sent["duration"]) if "duration" in sent else None,
        with_end=sent.get("format", "").lower() == "range",
        moved_booking=sent.get("bookingUidToReschedule", ""),
    )


def read_number(text: str) -> int:
    found = INTEGER.match(text)
    return int(found[1]) if found else 0


def read_date(sent: dict[str, str], name: str) -> datetime:
    found = parse_date(sent[name])
    if found is None:  # class-validator accepts a space or a small z, and luxon does not
        raise nest_error(400, f"Invalid {name} date")
    return found


# The free times


def compute(
    backend: Backend, event_type: EventType, query: SlotsQuery, now: datetime
) -> list[FreeTime]:
    """Return the free times, soonest first, and purge the event type's expired reservations."""
    # cal.com compares with the whole second here, and to the millisecond at POST.
    second = now.replace(microsecond=0)
    reserved = [row for row in backend.rows() if row.is_live(second)]
    backend.remove_where(lambda row: row.event_type_id == event_type.id and row.release_at < second)
    minutes = query.minutes or event_type.length
    start = max(query.start, now + NOTICE)
    spans = open_spans(backend, event_type, start, query.end, query.moved_booking)
    starts = sorted(availability.slot_starts(spans, minutes, query.zone))
    if event_type.seats:
        free = with_seats(backend, event_type, reserved, starts)
    else:
        free = [FreeTime(start) for start in starts]
    length = timedelta(minutes=minutes)
    blocking = [row for row in reserved if row.user_id in event_type.people and not row.is_seat]
    return [
        each
        for each in free
        if each.booked
        or not any(row.start < each.start + length and row.end > each.start for row in blocking)
    ]


def open_spans(
    backend: Backend, event_type: EventType, start: datetime, end: datetime, moved_booking: str
) -> list[Span]:
    """Return the working hours that no booking takes, but for the one that is to be moved."""
    hours = [
        availability.subtract(
            availability.working_hours(schedule, start, end),
            busy_spans(backend, event_type, user, moved_booking),
        )
        for user in event_type.people
        if (schedule := backend.world.schedule_of(user))
    ]
    combine = availability.union if event_type.is_round_robin else availability.intersection
    return combine(hours)


def busy_spans(
    backend: Backend, event_type: EventType, user: int, moved_booking: str
) -> list[Span]:
    """Return a host's bookings of any event type; those with seats leave their own slot open."""
    found = []
    for booking in backend.bookings():
        booked = backend.event_types.get(booking.event_type)
        if booked is None or not booking.is_active or booking.uid == moved_booking:
            continue
        if event_type.seats and booked == event_type:
            continue
        # A round robin booking has one host: the first, as for a reservation.
        if user in (booked.people[:1] if booked.is_round_robin else booked.people):
            found.append((booking.start, booking.end))
    return found


def with_seats(
    backend: Backend, event_type: EventType, reserved: list[Reservation], starts: list[datetime]
) -> list[FreeTime]:
    bookings = [each for each in backend.bookings() if each.event_type == event_type.id]
    booked = {booking.start: booking for booking in bookings if booking.is_active}
    held = Counter(
        row.start for row in reserved if row.is_seat and row.event_type_id == event_type.id
    )
    found = []
    for start in starts:
        booking = booked.get(start)
        taken = held[start] + (booking.attendees if booking else 0)
        # Where there are only reservations, cal.com computes a new booking uid each time.
        uid = booking.uid if booking else str(uuid.uuid4()) if taken else None
        found.append(FreeTime(start, taken, uid))
    return found


def slot(free: FreeTime, event_type: EventType, query: SlotsQuery) -> dict[str, Any]:
    listed: dict[str, Any] = {"start": format_date(free.start, query.zone)}
    if query.with_end:
        listed["end"] = format_date(event_type.end_of(free.start, query.minutes), query.zone)
    if free.booked is not None and event_type.seats:
        listed["seatsBooked"] = free.booked
        listed["seatsRemaining"] = event_type.seats - free.booked
        listed["seatsTotal"] = event_type.seats
    if free.booking_uid:
        listed["bookingUid"] = free.booking_uid
    return listed
