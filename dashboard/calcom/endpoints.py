"""Build the request of each endpoint of cal.com's API v2 in use, and read the good answer to it.

Each function returns a ``Call``, which is pure: ``client`` sends it, ``responses`` reads errors.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

import httpx

from dashboard.calcom import parsing
from dashboard.calcom.parsing import UnknownShapeError
from dashboard.calcom.types import EventType, Listed, Reservation, Slot, Team

T = TypeVar("T")

# A path answers to the versions of its own controller only; any other is a 404 "Cannot …".
# https://cal.com/docs/api-reference/v2/introduction
SLOTS_VERSION = "2024-09-04"
EVENT_TYPES_VERSION = "2024-06-14"

RESERVATIONS = "/v2/slots/reservations"
RESERVATION = "/v2/slots/reservations/{uid}"
EVENT_TYPES = "/v2/event-types"
EVENT_TYPE = "/v2/event-types/{id}"
SLOTS = "/v2/slots"
TEAMS = "/v2/teams"
TEAM_EVENT_TYPES = "/v2/teams/{id}/event-types"


@dataclass(frozen=True, slots=True)
class Access:
    """Address and key of the calls. Raises ValueError for a key that no header can carry."""

    base_url: str
    api_key: str = field(repr=False)

    def __post_init__(self) -> None:
        key = self.api_key
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("The API key must be visible ASCII characters.")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how to read the good answer to it. ``repr`` shows neither uid nor body."""

    method: str
    path: str  # a template, for people and the audit
    cal_api_version: str
    read: Callable[[object], T] = field(repr=False)  # takes the data; raises UnknownShapeError
    target: str = field(default="", repr=False)  # path and query as sent, where they differ
    body: bytes | None = field(default=None, repr=False)
    uid: str | None = field(default=None, repr=False)

    @property
    def writes(self) -> bool:
        """Return whether the call can change something at cal.com."""
        return self.method != "GET"

    @property
    def can_be_sent(self) -> bool:
        """Return whether its uid, which people may have typed, survives in a path."""
        return self.uid is None or (self.uid not in {"", ".", ".."} and self.uid.isprintable())

    def request(self, access: Access) -> httpx.Request:
        """Return the request to send. Raises httpx.InvalidURL."""
        if not self.can_be_sent:
            raise httpx.InvalidURL("uid cannot be part of an address")
        headers = {
            "Authorization": f"Bearer {access.api_key}",
            "cal-api-version": self.cal_api_version,
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # the size that is limited is the size that is read
            "User-Agent": "Holdfast",
        }
        if self.body:
            headers["Content-Type"] = "application/json"
        url = httpx.URL(access.base_url.rstrip("/") + (self.target or self.path))
        return httpx.Request(self.method, url, headers=headers, content=self.body)


# https://cal.com/docs/api-reference/v2/slots/reserve-a-slot
def reserve(
    *,
    event_type_id: int,
    slot_start: datetime,
    slot_duration: int | None = None,
    reservation_duration: int | None = None,
) -> Call[Reservation]:
    """Keep a slot from others. Durations are in minutes; cal.com's own default is to hold for 5."""
    asked = SlotRequest(event_type_id, to_milliseconds(slot_start), slot_duration)
    return Call(
        "POST", RESERVATIONS, SLOTS_VERSION, asked.read, body=asked.body(reservation_duration)
    )


# https://cal.com/docs/api-reference/v2/slots/get-reserved-slot
def get(*, uid: str) -> Call[Reservation | None]:
    """Read a reservation; None where cal.com has none. An expired one may still be there."""

    def read(data: object) -> Reservation | None:
        if data is None:
            return None
        found = parsing.reservation(data)
        if found.reservation_uid != uid:
            raise UnknownShapeError("the answer is about another reservation than asked for")
        return found

    target = reservation_target(uid)
    return Call("GET", RESERVATION, SLOTS_VERSION, read, target=target, uid=uid)


# https://cal.com/docs/api-reference/v2/slots/update-a-reserved-slot
def update(
    *,
    uid: str,
    event_type_id: int,
    slot_start: datetime,
    slot_duration: int | None = None,
    reservation_duration: int | None = None,
) -> Call[Reservation]:
    """Replace a reservation whole.

    What is left out falls back: the slot to the event type's own length, the hold to 5 minutes
    from now. While a reservation is live, cal.com refuses a slot that overlaps its own.
    """
    asked = SlotRequest(event_type_id, to_milliseconds(slot_start), slot_duration, uid)
    target, body = reservation_target(uid), asked.body(reservation_duration)
    return Call("PATCH", RESERVATION, SLOTS_VERSION, asked.read, target=target, body=body, uid=uid)


# https://cal.com/docs/api-reference/v2/slots/delete-a-reserved-slot
def delete(*, uid: str) -> Call[None]:
    """Give a slot back. The answer, which has no data, is the same where there was no slot."""
    target = reservation_target(uid)
    return Call("DELETE", RESERVATION, SLOTS_VERSION, lambda _: None, target=target, uid=uid)


# https://cal.com/docs/api-reference/v2/event-types/get-all-event-types
def event_types(*, username: str | None = None) -> Call[Listed[EventType]]:
    """List the event types that a person has alone: the public ones, of the key's owner all.

    Without a user name those of the key's owner; for an unknown one none. Those of teams are not
    listed.
    """
    target = "" if username is None else f"{EVENT_TYPES}?{urlencode({'username': username})}"
    return Call("GET", EVENT_TYPES, EVENT_TYPES_VERSION, parsing.event_types, target=target)


# https://cal.com/docs/api-reference/v2/teams-event-types/get-team-event-types
def team_event_types(*, team_id: int) -> Call[Listed[EventType]]:
    """List the event types of a team. The open server has no such route: Cause.WRONG_ROUTE."""
    target = f"{TEAMS}/{team_id:d}/event-types"
    return Call("GET", TEAM_EVENT_TYPES, EVENT_TYPES_VERSION, parsing.event_types, target=target)


# https://cal.com/docs/api-reference/v2/teams/get-teams
def teams() -> Call[Listed[Team]]:
    """List the teams of the key's owner. The open server has no such route: Cause.WRONG_ROUTE."""
    return Call("GET", TEAMS, EVENT_TYPES_VERSION, parsing.teams)


# https://cal.com/docs/api-reference/v2/event-types/get-an-event-type
def event_type(*, event_type_id: int) -> Call[EventType]:
    """Read one event type, of a person or of a team."""

    def read(data: object) -> EventType:
        found = parsing.event_type(data)
        if found.id != event_type_id:
            raise UnknownShapeError("the answer is about another event type than asked for")
        return found

    target = f"{EVENT_TYPES}/{event_type_id:d}"
    return Call("GET", EVENT_TYPE, EVENT_TYPES_VERSION, read, target=target)


# https://cal.com/docs/api-reference/v2/slots/get-available-time-slots-for-an-event-type
def slots(
    *,
    event_type_id: int,
    start: datetime,
    end: datetime,
    duration: int | None = None,
    time_zone: str | None = None,
) -> Call[Listed[Slot]]:
    """List the slots that start in [start, end), soonest first; up to two seconds old at cal.com.

    ``duration`` is in minutes. Slots of whole hours begin at whole hours of ``time_zone``, which is
    UTC by default: https://github.com/calcom/cal.diy/issues/10136
    Asking also removes expired reservations of this event type.
    """
    first, last = to_milliseconds(start), to_milliseconds(end)
    # cal.com takes an end at midnight UTC as the end of the day that begins there
    before_last = last - timedelta(seconds=1) if last.time() == time(0) else last
    query = {
        "eventTypeId": event_type_id,
        "start": iso(first),
        "end": iso(before_last),
        "format": "range",
        "duration": duration,
        "timeZone": time_zone,
    }
    given = urlencode({name: value for name, value in query.items() if value is not None})

    read = partial(parsing.slots, start=first, end=last)
    return Call("GET", SLOTS, SLOTS_VERSION, read, target=f"{SLOTS}?{given}")


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """Fields of a POST or PATCH, which its answer has to repeat."""

    event_type_id: int
    slot_start: datetime
    slot_duration: int | None
    uid: str | None = field(default=None, repr=False)

    def body(self, reservation_duration: int | None) -> bytes:
        fields = {
            "eventTypeId": self.event_type_id,
            "slotStart": iso(self.slot_start),
            "slotDuration": self.slot_duration,
            "reservationDuration": reservation_duration,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(given, separators=(",", ":")).encode()

    def read(self, data: object) -> Reservation:
        """Return the reservation. Raises UnknownShapeError for another one than asked for."""
        found = parsing.reservation(data)
        if (
            found.event_type_id != self.event_type_id
            or found.slot_start != self.slot_start
            or self.slot_duration not in {None, found.slot_duration}
            or self.uid not in {None, found.reservation_uid}
        ):
            raise UnknownShapeError("the answer is about another reservation than asked for")
        return found


def reservation_target(uid: str) -> str:
    """Return the path of a reservation, with the uid as one segment."""
    return f"{RESERVATIONS}/{quote(uid, safe='', errors='replace')}"


def to_milliseconds(at: datetime) -> datetime:
    """Return the moment in UTC as precisely as cal.com keeps it. Raises ValueError without zone."""
    if at.tzinfo is None:
        raise ValueError("A moment needs an offset.")
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def iso(at: datetime) -> str:
    """Return a moment in UTC as cal.com writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
