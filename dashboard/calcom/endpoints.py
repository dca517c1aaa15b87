"""The endpoints of cal.com's API v2 that Holdfast uses.

Each is a pure pair: a function that builds the request, and in it the reader of the answer.
Sending is ``client``'s, judging what is no good answer is ``replies``'.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from dashboard.calcom import parsing
from dashboard.calcom.shapes import UnknownShapeError, listing, mapping
from dashboard.calcom.types import EventType, Reservation, Slot

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


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and how to read the good answer to it. ``repr`` shows neither uid nor body."""

    method: str
    path: str  # a template, for people and the audit
    cal_api_version: str
    target: str = field(repr=False)  # path and query as sent
    read: Callable[[Mapping[str, object]], T] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    uid: str | None = field(default=None, repr=False)

    @property
    def writes(self) -> bool:
        """Whether the call can change something at cal.com."""
        return self.method != "GET"

    @property
    def can_be_sent(self) -> bool:
        """Whether its uid, which people may have typed, survives in a path."""
        return self.uid is None or (self.uid not in {"", ".", ".."} and self.uid.isprintable())


# https://cal.com/docs/api-reference/v2/slots/reserve-a-slot
def reserve(
    *,
    event_type_id: int,
    slot_start: datetime,
    slot_duration: int | None = None,
    reservation_duration: int | None = None,
    cal_api_version: str = SLOTS_VERSION,
) -> Call[Reservation]:
    """Keep a slot from others. Durations are in minutes; cal.com's own default is to hold for 5."""
    wanted = _Wanted(event_type_id, _milliseconds(slot_start), slot_duration)
    return Call(
        method="POST",
        path=RESERVATIONS,
        cal_api_version=cal_api_version,
        target=RESERVATIONS,
        read=partial(_read_wanted, wanted),
        body=wanted.body(reservation_duration),
    )


# https://cal.com/docs/api-reference/v2/slots/get-reserved-slot
def get(*, uid: str, cal_api_version: str = SLOTS_VERSION) -> Call[Reservation | None]:
    """Read a reservation; None where cal.com has none. One that ran out may still be there."""
    return Call(
        method="GET",
        path=RESERVATION,
        cal_api_version=cal_api_version,
        target=_reservation(uid),
        read=partial(_read_known, uid),
        uid=uid,
    )


# https://cal.com/docs/api-reference/v2/slots/update-a-reserved-slot
def update(
    *,
    uid: str,
    event_type_id: int,
    slot_start: datetime,
    slot_duration: int | None = None,
    reservation_duration: int | None = None,
    cal_api_version: str = SLOTS_VERSION,
) -> Call[Reservation]:
    """Replace a reservation whole. What is left out falls back: the slot to the event type's own
    length, the hold to 5 minutes from now. While it is live it must not overlap its own slot."""
    wanted = _Wanted(event_type_id, _milliseconds(slot_start), slot_duration, uid)
    return Call(
        method="PATCH",
        path=RESERVATION,
        cal_api_version=cal_api_version,
        target=_reservation(uid),
        read=partial(_read_wanted, wanted),
        body=wanted.body(reservation_duration),
        uid=uid,
    )


# https://cal.com/docs/api-reference/v2/slots/delete-a-reserved-slot
def delete(*, uid: str, cal_api_version: str = SLOTS_VERSION) -> Call[None]:
    """Give a slot back. Answers the same where there was nothing to give back."""
    return Call(
        method="DELETE",
        path=RESERVATION,
        cal_api_version=cal_api_version,
        target=_reservation(uid),
        read=_read_nothing,
        uid=uid,
    )


# https://cal.com/docs/api-reference/v2/event-types/get-all-event-types
def event_types(*, cal_api_version: str = EVENT_TYPES_VERSION) -> Call[tuple[EventType, ...]]:
    """The event types that the key's owner has alone, hidden ones too; those of teams are not
    listed and come by id."""
    return Call(
        method="GET",
        path=EVENT_TYPES,
        cal_api_version=cal_api_version,
        target=EVENT_TYPES,
        read=lambda answer: parsing.event_types(listing(answer.get("data"), "data")),
    )


# https://cal.com/docs/api-reference/v2/event-types/get-an-event-type
def event_type(
    *, event_type_id: int, cal_api_version: str = EVENT_TYPES_VERSION
) -> Call[EventType]:
    """One event type, of a person or of a team."""
    return Call(
        method="GET",
        path=EVENT_TYPE,
        cal_api_version=cal_api_version,
        target=f"{EVENT_TYPES}/{event_type_id:d}",
        read=partial(_read_event_type, event_type_id),
    )


# https://cal.com/docs/api-reference/v2/slots/get-available-time-slots-for-an-event-type
def slots(
    *,
    event_type_id: int,
    start: datetime,
    end: datetime,
    time_zone: str | None = None,
    duration: int | None = None,
    cal_api_version: str = SLOTS_VERSION,
) -> Call[tuple[Slot, ...]]:
    """The slots that start in [start, end), soonest first; up to two seconds old at cal.com.

    ``duration`` is in minutes. Asking also removes what ran out of this event type at cal.com.
    """
    first, last = _milliseconds(start), _milliseconds(end)
    query = {
        "eventTypeId": event_type_id,
        "start": _iso(first),
        "end": _iso(_before_midnight(last)),
        "format": "range",
        "timeZone": time_zone,
        "duration": duration,
    }
    asked = urlencode({name: value for name, value in query.items() if value is not None})
    return Call(
        method="GET",
        path=SLOTS,
        cal_api_version=cal_api_version,
        target=f"{SLOTS}?{asked}",
        read=lambda answer: parsing.slots(answer.get("data"), first, last),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a POST or PATCH asks for, and what its answer has to repeat."""

    event_type_id: int
    slot_start: datetime
    slot_duration: int | None
    uid: str | None = field(default=None, repr=False)

    def body(self, reservation_duration: int | None) -> bytes:
        asked = {
            "eventTypeId": self.event_type_id,
            "slotStart": _iso(self.slot_start),
            "slotDuration": self.slot_duration,
            "reservationDuration": reservation_duration,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return json.dumps(given, separators=(",", ":")).encode()

    def is_met_by(self, found: Reservation) -> bool:
        return (
            found.event_type_id == self.event_type_id
            and found.slot_start == self.slot_start
            and self.slot_duration in {None, found.slot_duration}
            and self.uid in {None, found.reservation_uid}
        )


def _read_wanted(wanted: _Wanted, answer: Mapping[str, object]) -> Reservation:
    found = parsing.reservation(mapping(answer.get("data"), "data"))
    if not wanted.is_met_by(found):
        raise UnknownShapeError("the answer is about another reservation than asked for")
    return found


def _read_known(uid: str, answer: Mapping[str, object]) -> Reservation | None:
    if "data" in answer and answer["data"] is None:
        return None
    found = parsing.reservation(mapping(answer.get("data"), "data"))
    if found.reservation_uid != uid:
        raise UnknownShapeError("the answer is about another reservation than asked for")
    return found


def _read_nothing(answer: Mapping[str, object]) -> None:
    """DELETE answers ``{"status": "success"}`` and no more."""


def _read_event_type(event_type_id: int, answer: Mapping[str, object]) -> EventType:
    found = parsing.event_type(mapping(answer.get("data"), "data"))
    if found.id != event_type_id:
        raise UnknownShapeError("the answer is about another event type than asked for")
    return found


def _reservation(uid: str) -> str:
    return f"{RESERVATIONS}/{quote(uid, safe='', errors='replace')}"


def _milliseconds(at: datetime) -> datetime:
    """The moment in UTC as precisely as cal.com keeps it."""
    if at.tzinfo is None:
        raise ValueError("A moment needs an offset.")
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _before_midnight(end: datetime) -> datetime:
    """cal.com takes an end at midnight UTC as the end of the day that begins there."""
    return end - timedelta(seconds=1) if end.time() == time(0) else end
