"""The four reservation endpoints, step by step in cal.com's order.

https://cal.com/docs/api-reference/v2/slots/reserve-a-slot and, for what the documentation leaves
out, https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/modules/slots/slots-2024-09-04/services/slots.service.ts
"""

from datetime import datetime, timedelta
from typing import Any

from dashboard.sandbox.backend import Backend
from dashboard.sandbox.dates import format_date, parse_date
from dashboard.sandbox.errors import ApiError, bare_server_error, check_integer, nest_error
from dashboard.sandbox.faults import When
from dashboard.sandbox.fixtures import EventType, Reservation, User, World
from dashboard.sandbox.request_body import ReservationInput, read_input
from dashboard.sandbox.routing import RESERVATION, RESERVATIONS, ApiCall

MINUTE = timedelta(minutes=1)

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
GONE = "Invalid Query: The requested record was not found."
RESERVED = "This time slot is already reserved by another user. Please choose a different time."
NO_HOSTS = "Cannot reserve a slot for a team event without any hosts"


def reserve(backend: Backend, call: ApiCall) -> Any:
    """Answer POST. Only bookings and reservations of the same event type are in the way."""
    sent = read_input(call.payload)
    if sent.reservation_duration and call.user is None:
        raise nest_error(401, NEEDS_CREDENTIALS)
    event_type = find_event_type(backend, sent)
    if sent.reservation_duration and not is_related(call.user, event_type, backend.world):
        raise nest_error(403, NOT_RELATED)
    start, end = slot_of(sent, event_type)
    with backend.races[event_type.id].join("POST") as pause:
        check_bookings(backend, sent, event_type, start, end)
        if not event_type.is_round_robin:
            check_reservations(backend, event_type, start, end)
        if not event_type.people:
            raise nest_error(400, NO_HOSTS)
        pause(backend.faults.strike("POST", RESERVATIONS, When.BETWEEN))
        row = backend.insert_reservation(
            event_type.id, start, minutes=sent.minutes, slot_duration=sent.slot_duration
        )
    return written(row, sent)


def get(backend: Backend, call: ApiCall) -> Any:
    """Answer GET with the row, also an expired one that was not purged, or null."""
    row = backend.find_reservation(call.argument)
    if row is None:
        return {"status": "success", "data": None}
    data = {"reservationUid": row.uid} | slot_fields(row)
    return {"status": "success", "data": data | {"reservationUntil": format_date(row.release_at)}}


def update(backend: Backend, call: ApiCall) -> Any:
    """Answer PATCH, which replaces all; a live row is itself in the way of its own slot."""
    sent = read_input(call.payload)
    row = backend.find_reservation(call.argument)
    if row is None:
        raise nest_error(404, f"Slot with uid={call.argument} not found")
    event_type = find_event_type(backend, sent)
    start, end = slot_of(sent, event_type)
    with backend.races[event_type.id].join("PATCH") as pause:
        check_bookings(backend, sent, event_type, start, end, round_robin_too=True)
        check_reservations(backend, event_type, start, end)
        pause(backend.faults.strike("PATCH", RESERVATION, When.BETWEEN))
        release_at = backend.clock.now() + sent.minutes * MINUTE
        changed = backend.update_reservation(
            row, event_type_id=event_type.id, start=start, end=end, release_at=release_at
        )
    if changed is None:  # removed between check and write
        raise ApiError(404, {"code": "NOT_FOUND", "message": GONE})
    return written(changed, sent)


def delete(backend: Backend, call: ApiCall) -> Any:
    """Answer DELETE with success whether or not there was a row."""
    backend.remove_reservations(call.argument)
    return {"status": "success"}


def find_event_type(backend: Backend, sent: ReservationInput) -> EventType:
    check_integer(sent.event_type_id)
    event_type = backend.event_types.get(sent.event_type_id)
    if event_type is None:
        raise nest_error(404, f"Event Type with ID={sent.event_type_id} not found")
    return event_type


def is_related(user: User | None, event_type: EventType, world: World) -> bool:
    if user is None:
        return False
    if event_type.owner is None:
        return world.is_member(user.id, event_type.team)
    return user.id == event_type.owner or world.share_a_team(user.id, event_type.owner)


def slot_of(sent: ReservationInput, event_type: EventType) -> tuple[datetime, datetime]:
    """Return start and end in UTC. Raises ApiError for a wrong date or length."""
    is_in_year_0 = sent.slot_start.startswith("0000")  # which has the days of 2000
    start = parse_date("2000" + sent.slot_start[4:] if is_in_year_0 else sent.slot_start)
    if start is None:
        raise nest_error(400, "Invalid start date")
    minutes = sent.slot_duration
    if minutes and not event_type.options:
        raise nest_error(400, NOT_VARIABLE)
    if minutes and minutes not in event_type.options:
        raise nest_error(400, NOT_OFFERED + ", ".join(map(str, event_type.options)))
    if is_in_year_0:  # which PostgreSQL does not know
        raise bare_server_error()
    return start, event_type.end_of(start, minutes)


def check_bookings(
    backend: Backend,
    sent: ReservationInput,
    event_type: EventType,
    start: datetime,
    end: datetime,
    *,
    round_robin_too: bool = False,
) -> None:
    """Raise ApiError 422 if the first booking in the way leaves no seat."""
    for booking in backend.bookings():
        if booking.event_type != event_type.id or not booking.is_active:
            continue
        if booking.start >= end or booking.end <= start:
            continue
        if event_type.seats is None and (round_robin_too or not event_type.is_round_robin):
            raise nest_error(422, BOOKED)
        if event_type.seats is not None and booking.attendees >= event_type.seats:
            slot = f"Booking with id={event_type.id} at {sent.slot_start}"
            raise nest_error(422, f"{slot} has no more seats left.")
        return


def check_reservations(
    backend: Backend, event_type: EventType, start: datetime, end: datetime
) -> None:
    """Raise ApiError 422 for a live reservation of the event type in the way."""
    for row in backend.live_rows():
        if row.event_type_id == event_type.id and overlaps(row, start, end):
            raise nest_error(422, RESERVED)


def overlaps(row: Reservation, start: datetime, end: datetime) -> bool:
    """Compare as cal.com does: half-open, but an empty one also blocks a slot that ends at it."""
    return (
        row.start <= start < row.end
        or row.start < end <= row.end
        or (row.start <= start and row.end >= end)
        or (row.start >= start and row.end <= end)
    )


def slot_fields(row: Reservation) -> dict[str, Any]:
    return {
        "eventTypeId": row.event_type_id,
        "slotStart": format_date(row.start),
        "slotEnd": format_date(row.end),
        "slotDuration": row.minutes,
    }


def written(row: Reservation, sent: ReservationInput) -> Any:
    data = slot_fields(row) | {
        "reservationUid": row.uid,
        "reservationDuration": sent.minutes,
        "reservationUntil": format_date(row.release_at),
    }
    return {"status": "success", "data": data}
