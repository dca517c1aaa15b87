"""The four reservation endpoints, step by step in cal.com's order.

https://cal.com/docs/api-reference/v2/slots/reserve-a-slot and, for what the documentation leaves
out, https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/modules/slots/slots-2024-09-04/services/slots.service.ts
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from dashboard.sandbox import iso
from dashboard.sandbox.call import Call
from dashboard.sandbox.errors import (
    bad_request,
    bare,
    forbidden,
    internal,
    not_found,
    record_not_found,
    unauthorized,
    unprocessable,
)
from dashboard.sandbox.fixtures import Booking, EventType, Hold, User, World
from dashboard.sandbox.identity import optional_user
from dashboard.sandbox.state import DEFAULT_MINUTES, until
from dashboard.sandbox.validation import Wanted, wanted

_LARGEST_ID = 2**31 - 1
_MINUTE = timedelta(minutes=1)

NEEDS_CREDENTIALS = (
    "reservationDuration can only be used for authenticated requests"
    " - use access token, api key or OAuth credentials"
)
NOT_RELATED = (
    "authenticated user is not owner of event type, does not have memberships in common with owner"
    " of the event type, nor does belong to event type's team or org."
)
NOT_VARIABLE = "You passed 'slotDuration' but this event type is not a variable length event type."
NOT_OFFERED = (
    "Provided 'slotDuration' is not one of the possible lengths for the event type."
    " The possible lengths for this variable length event type are: "
)
BOOKED = "Can't reserve a slot if the event is already booked."
RESERVED = "This time slot is already reserved by another user. Please choose a different time."
NO_HOSTS = "Cannot reserve a slot for a team event without any hosts"


@dataclass(frozen=True, slots=True)
class _Span:
    start: datetime
    end: datetime


def reserve(call: Call) -> Any:
    """POST: nobody's time is refused that no booking or hold of the same event type takes."""
    user = optional_user(call.request, call.world)
    asked = wanted(call.payload)
    if asked.reservation_duration and user is None:
        raise unauthorized(NEEDS_CREDENTIALS)
    event_type = _event_type(call, asked)
    if asked.reservation_duration and user and not _is_related(user, event_type, call.world):
        raise forbidden(NOT_RELATED)
    span = _span(asked, event_type)
    _check_bookings(call, asked, event_type, span, round_robin_too=False)
    if not event_type.is_round_robin:
        _check_holds(call, event_type, span)
    if not event_type.people:
        raise bad_request(NO_HOSTS)
    call.between_check_and_write()
    row = call.state.insert(
        event_type=event_type,
        user_id=event_type.people[0],
        start=span.start,
        end=span.end,
        release_at=_release(call, asked),
    )
    return _created(row, asked)


def get(call: Call) -> Any:
    """GET: also an expired hold, until a slots query purges it; null for what is not there."""
    row = call.state.hold(_uid(call))
    if row is None:
        return {"status": "success", "data": None}
    slot = _slot(row)
    data = {
        "reservationUid": row.uid,
        **slot,
        "reservationUntil": iso.text(row.release_at),
    }
    return {"status": "success", "data": data}


def update(call: Call) -> Any:
    """PATCH: replaces all, for whoever knows the uid; the row itself, while live, is in its way."""
    asked = wanted(call.payload)
    uid = _uid(call)
    row = call.state.hold(uid)
    if row is None:
        raise not_found(f"Slot with uid={uid} not found")
    event_type = _event_type(call, asked)
    span = _span(asked, event_type)
    _check_bookings(call, asked, event_type, span, round_robin_too=True)
    _check_holds(call, event_type, span)
    call.between_check_and_write()
    changed = call.state.update(
        row,
        event_type_id=event_type.id,
        start=span.start,
        end=span.end,
        release_at=_release(call, asked),
    )
    if changed is None:
        raise record_not_found()
    return _created(changed, asked)


def delete(call: Call) -> Any:
    """DELETE: every row with that uid; success whether there was one or not."""
    uid = _uid(call)
    call.state.delete(lambda row: row.uid == uid)
    return {"status": "success"}


def overlaps(row: Hold, start: datetime, end: datetime) -> bool:
    """cal.com's four cases: half-open, but an empty hold also blocks the slot that ends at it."""
    return (
        row.start <= start < row.end
        or row.start < end <= row.end
        or (row.start <= start and row.end >= end)
        or (row.start >= start and row.end <= end)
    )


def _uid(call: Call) -> str:
    uid = call.params["uid"]
    if "\0" in uid:  # PostgreSQL refuses it in a text
        raise bare(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")
    return uid


def _event_type(call: Call, asked: Wanted) -> EventType:
    if abs(asked.event_type_id) > _LARGEST_ID:
        raise internal()
    event_type = call.state.event_type(asked.event_type_id)
    if event_type is None:
        raise not_found(f"Event Type with ID={asked.event_type_id} not found")
    return event_type


def _is_related(user: User, event_type: EventType, world: World) -> bool:
    if event_type.owner is None:
        return world.is_member(user.id, event_type.team)
    return user.id == event_type.owner or world.share_a_team(user.id, event_type.owner)


def _span(asked: Wanted, event_type: EventType) -> _Span:
    start = iso.parsed(asked.slot_start)
    if start is None:
        raise bad_request("Invalid start date")
    minutes = asked.slot_duration
    if minutes:
        _check_length(minutes, event_type)
    try:
        return _Span(
            start, start + timedelta(minutes=event_type.length if minutes is None else minutes)
        )
    except OverflowError:  # the database takes no year of five digits
        raise internal() from None


def _check_length(minutes: int, event_type: EventType) -> None:
    if not event_type.options:
        raise bad_request(NOT_VARIABLE)
    if minutes not in event_type.options:
        raise bad_request(NOT_OFFERED + ", ".join(map(str, event_type.options)))


def _check_bookings(
    call: Call, asked: Wanted, event_type: EventType, span: _Span, *, round_robin_too: bool
) -> None:
    booking = _booking_in(call.state.bookings(), event_type, span)
    if booking is None:
        return
    if event_type.seats is not None:
        if booking.attendees >= event_type.seats:
            seatless = (
                f"Booking with id={event_type.id} at {asked.slot_start} has no more seats left."
            )
            raise unprocessable(seatless)
    elif round_robin_too or not event_type.is_round_robin:
        raise unprocessable(BOOKED)


def _booking_in(bookings: Iterable[Booking], event_type: EventType, span: _Span) -> Booking | None:
    for booking in bookings:
        ours = booking.event_type == event_type.id and booking.is_active
        if ours and booking.start < span.end and booking.end > span.start:
            return booking
    return None


def _check_holds(call: Call, event_type: EventType, span: _Span) -> None:
    now = call.now()
    for row in call.state.holds():
        if (
            row.event_type_id == event_type.id
            and row.is_live(now)
            and overlaps(row, span.start, span.end)
        ):
            raise unprocessable(RESERVED)


def _release(call: Call, asked: Wanted) -> datetime:
    try:
        return until(call.now(), _minutes(asked))
    except OverflowError:
        raise internal() from None


def _minutes(asked: Wanted) -> int:
    minutes = asked.reservation_duration
    return DEFAULT_MINUTES if minutes is None else minutes


def _slot(row: Hold) -> dict[str, Any]:
    return {
        "eventTypeId": row.event_type_id,
        "slotStart": iso.text(row.start.astimezone(UTC)),
        "slotEnd": iso.text(row.end.astimezone(UTC)),
        "slotDuration": (row.end - row.start) // _MINUTE,
    }


def _created(row: Hold, asked: Wanted) -> Any:
    data = {
        **_slot(row),
        "reservationUid": row.uid,
        "reservationDuration": _minutes(asked),
        "reservationUntil": iso.text(row.release_at),
    }
    return {"status": "success", "data": data}
