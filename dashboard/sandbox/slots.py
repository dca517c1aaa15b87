"""GET /v2/slots: free times, two seconds old at most, and the purge of expired holds beside it.

https://cal.com/docs/api-reference/v2/slots/get-available-time-slots-for-an-event-type and
https://github.com/calcom/cal.diy/blob/main/packages/trpc/server/routers/viewer/slots/util.ts
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from dashboard.sandbox import iso
from dashboard.sandbox.availability import Stretch, all_of, either, times, without, working_hours
from dashboard.sandbox.call import Call
from dashboard.sandbox.errors import not_found
from dashboard.sandbox.fixtures import Booking, EventType, Hold
from dashboard.sandbox.free_times import FreeTime
from dashboard.sandbox.query import SlotsQuery, slots_query

_NOTICE = timedelta(minutes=1)


def slots(call: Call) -> Any:
    """The free times by day of the zone asked."""
    query = slots_query(call.request.query)
    event_type = _event_type(call, query)
    now = call.now()
    key = (event_type.id, *sorted(item for item in query.sent.items() if item[0] != "format"))
    free = call.cache.get(key, now)
    if free is None:
        free = _compute(call, event_type, query, now)
        call.cache.put(key, now, free)
    return {"data": _by_day(free, event_type, query), "status": "success"}


def _event_type(call: Call, query: SlotsQuery) -> EventType:
    sent = query.sent
    if query.event_type_id is not None:
        found = call.state.event_type(query.event_type_id)
    elif "username" in sent:
        found = _by_slug(call, sent["username"], sent["eventTypeSlug"])
    elif "teamSlug" in sent:
        raise not_found(f"Team with slug {sent['teamSlug']} not found")
    else:
        found = None
    if found is None:
        raise not_found("Event Type not found")
    return found


def _by_slug(call: Call, username: str, slug: str) -> EventType | None:
    user = call.world.user_by_name.get(username)
    if user is None:
        raise not_found(f"User with username {username} not found")
    owned = (kind for kind in call.state.event_types() if kind.owner == user.id)
    return next((kind for kind in owned if kind.slug == slug), None)


def _compute(call: Call, event_type: EventType, query: SlotsQuery, now: datetime) -> list[FreeTime]:
    minutes = query.minutes if query.minutes and query.minutes > 0 else event_type.length
    start = max(query.start, now + _NOTICE)
    # cal.com compares with the time of the whole second here, and to the millisecond at POST.
    second = now.replace(microsecond=0)
    holds = [row for row in call.state.holds() if row.is_live(second)]
    free = _free(call, event_type, start, query.end, minutes)
    listed = _with_seats(call, event_type, holds, free) if event_type.seats else free
    blocked = [
        (row.start, row.end)
        for row in holds
        if row.user_id in event_type.people and not row.is_seat
    ]
    call.state.delete(lambda row: row.event_type_id == event_type.id and row.release_at < second)
    length = timedelta(minutes=minutes)
    return [time for time in listed if time.booked or not _hits(time.start, length, blocked)]


def _free(
    call: Call, event_type: EventType, start: datetime, end: datetime, minutes: int
) -> list[FreeTime]:
    schedules = {user: call.world.schedule_of(user) for user in event_type.people}
    open_hours = [
        without(working_hours(hours, start, end), _busy(call, event_type, user))
        for user, hours in schedules.items()
        if hours is not None
    ]
    if not open_hours:
        return []
    zone = next(hours.zone for hours in schedules.values() if hours is not None)
    combine = either if event_type.is_round_robin else all_of
    return [FreeTime(moment) for moment in times(combine(open_hours), minutes, zone)]


def _busy(call: Call, event_type: EventType, user: int) -> list[Stretch]:
    """A host's bookings, whatever their event type; those with seats do not fill their own."""
    return [
        (booking.start, booking.end)
        for booking in call.state.bookings()
        if booking.is_active
        and not (event_type.seats and booking.event_type == event_type.id)
        and _takes(call, booking, user)
    ]


def _takes(call: Call, booking: Booking, user: int) -> bool:
    booked = call.state.event_type(booking.event_type)
    if booked is None:
        return False
    # A round robin booking has one host: the first, as for a hold.
    return user in (booked.people[:1] if booked.is_round_robin else booked.people)


def _with_seats(
    call: Call, event_type: EventType, holds: list[Hold], free: list[FreeTime]
) -> list[FreeTime]:
    ours = [b for b in call.state.bookings() if b.event_type == event_type.id and b.is_active]
    booked = {booking.start: booking for booking in ours}
    held = Counter(row.start for row in holds if row.is_seat and row.event_type_id == event_type.id)
    listed = []
    for time in free:
        booking = booked.get(time.start)
        taken = held[time.start] + (booking.attendees if booking else 0)
        # Where there are only holds, cal.com makes up a booking uid each time it computes.
        uid = booking.uid if booking else str(uuid.uuid4()) if taken else None
        listed.append(replace(time, booked=taken, booking_uid=uid))
    return listed


def _hits(start: datetime, length: timedelta, blocked: list[Stretch]) -> bool:
    return any(taken_from < start + length and taken_to > start for taken_from, taken_to in blocked)


def _by_day(free: list[FreeTime], event_type: EventType, query: SlotsQuery) -> dict[str, Any]:
    minutes = query.minutes if query.minutes and query.minutes > 0 else event_type.length
    local = [(time.start.astimezone(query.zone), time) for time in sorted(free, key=_start)]
    return {
        str(day): [_listed(time, event_type, query, minutes) for _, time in group]
        for day, group in groupby(local, key=lambda pair: pair[0].date())
    }


def _start(time: FreeTime) -> datetime:
    return time.start


def _listed(
    time: FreeTime, event_type: EventType, query: SlotsQuery, minutes: int
) -> dict[str, Any]:
    listed: dict[str, Any] = {"start": iso.text(time.start.astimezone(UTC), query.zone)}
    if query.with_end:
        listed["end"] = iso.text(time.start + timedelta(minutes=minutes), query.zone)
    if time.booked is not None and event_type.seats:
        listed |= {
            "seatsBooked": time.booked,
            "seatsRemaining": event_type.seats - time.booked,
            "seatsTotal": event_type.seats,
        }
    if time.booking_uid:
        listed["bookingUid"] = time.booking_uid
    return listed
