"""Compute the columns of a hold for each way a call can end. Pure: reads and writes nothing."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.calcom import Cause, Reservation
from dashboard.holds.states import State

# After its time limit a call may still be at work at cal.com; a minute covers what was measured
# there (a server whose cache is down answers after 10 to 42 seconds).
LANDING = timedelta(seconds=60)

# Refusals of a hold's own time which tell that it is booked, perhaps by the client.
BOOKED = frozenset({Cause.ALREADY_BOOKED, Cause.NO_SEATS})

Fields = dict[str, Any]


def held(reservation: Reservation) -> Fields:
    """Return the columns of a hold that is at cal.com as this answer says."""
    return {
        "state": State.HELD,
        "event_type_id": reservation.event_type_id,
        "slot_start": reservation.slot_start,
        "slot_end": reservation.slot_end,
        "held_until": reservation.reservation_until,
        "latest_end": None,
        "unanswered_since": None,
        "ended_at": None,
        "end_reason": "",
        "change": None,
    }


def confirmed(reservation: Reservation) -> Fields:
    """Return the columns of a hold whose reservation was just made (POST)."""
    fields = held(reservation) | {"reservation_uid": reservation.reservation_uid}
    if (reservation.reservation_duration or 0) > 0:  # no other can be asked for
        fields["reservation_duration"] = reservation.reservation_duration
    return fields


def unconfirmed(since: datetime, minutes: int, answered_at: datetime | None) -> Fields:
    """Return the columns of a hold whose POST for so many minutes had no answer by ``since``.

    ``answered_at`` is when cal.com last answered a call. Both are on cal.com's clock.
    """
    return latest_end(since, minutes, answered_at) | {
        "state": State.UNCONFIRMED,
        "held_until": None,
        "reservation_uid": None,
        "change": None,
    }


def placing(minutes: int) -> Fields:
    """Return the columns of a hold that was given up to be asked for again."""
    return {
        "state": State.PLACING,
        "reservation_uid": None,
        "held_until": None,
        "reservation_duration": minutes,
        "change": None,
    }


def ended(state: State, when: datetime, *, reason: str = "") -> Fields:
    """Return the columns of a hold that has ended. ``when`` is on cal.com's clock."""
    return {"state": state, "ended_at": when, "end_reason": reason, "change": None}


def taken(cause: str, when: datetime) -> Fields:
    """Return the columns of a hold whose own time cal.com refused to it for this cause."""
    return ended(State.BOOKED if cause in BOOKED else State.LOST, when, reason=str(cause))


def latest_end(since: datetime, minutes: int, answered_at: datetime | None) -> Fields:
    """Return the columns that say until when cal.com can hold what an unanswered POST asked for.

    A server that stands still executes the POST when it goes on, so the latest end is known only
    once cal.com has answered a later call.
    """
    if answered_at is None or answered_at < since:
        return {"unanswered_since": since, "latest_end": None}
    latest = answered_at + LANDING + timedelta(minutes=minutes)
    return {"unanswered_since": None, "latest_end": latest}
