"""Change a hold at cal.com: the one pure state machine behind every verb and behind ``settle``.

``next_step`` is the only place that defines a transition. It takes the change, what was seen last
and the moment, and returns the next step; it does no I/O. ``runner`` performs the steps, and tells
how a change survives a kill: ``settle`` goes on from its phase, and begins with ``Look``.

cal.com's PATCH counts the reservation's own row as an overlap (named in
https://github.com/calcom/cal.diy/pull/28993), so a live hold can neither be extended nor moved to
an overlapping time directly. The ways, in the order in which they are tried:

1. *in place*: PATCH to the target. A cal.com without the defect accepts it, and it is atomic.
2. *park and return*: PATCH to a random moment that overlaps nothing, then PATCH to the target.
   The uid stays, so a GET tells what became of an unanswered step.
3. *new first*: POST the new one, then DELETE the old one (round robin, another event type).
4. *retake*: DELETE, then POST. Only where a person has agreed to the risk.

cal.com may read from a replica of its database that is behind its writes: then a GET shows the hold
where it was, and a PATCH or POST is refused for the time that the hold has just left.
"""

from dataclasses import replace
from datetime import datetime

from dashboard.audit.trail import Outcome
from dashboard.calcom import CalcomError, Cause, Refused, Reservation, Unavailable
from dashboard.calcom_state import calcom_client
from dashboard.holds import hold_fields, results
from dashboard.holds.change import (
    LEAVING_PARKING,
    NOT_JOURNALED,
    PATCHES,
    Change,
    Location,
    Phase,
    settled_by,
)
from dashboard.holds.hold_fields import BOOKED, Fields
from dashboard.holds.seen import (
    Accepted,
    Asked,
    Begin,
    Failed,
    Found,
    Look,
    NotSeen,
    Seen,
    is_of_place,
)
from dashboard.holds.slots import minutes_until
from dashboard.holds.states import State
from dashboard.holds.steps import (
    RETAKE_TRIES,
    Ask,
    Delete,
    Done,
    Get,
    Patch,
    Post,
    Result,
    Step,
    Swap,
    outcome_of,
    wait,
)


def next_step(change: Change, seen: Seen, cal_now: datetime) -> Step:
    """Return the next step of a change after what was just seen of it, by cal.com's clock."""
    match seen:
        case Begin():
            return Get(change) if change.phase is Phase.CHECKING else write(change, cal_now)
        case Look() if change.phase is Phase.ASKING_AGAIN:
            return ask_again(change, cal_now)
        case Look():
            return Get(change)
        case Found(found) if change.phase is Phase.CHECKING:
            return begin_deleting(replace(change, was_missing=found is None), cal_now)
        case Accepted(None) if change.phase is Phase.REPLACED:
            return results.replaced(change, cal_now)
        case Found(None) | Accepted(None):
            return after_not_there(change, cal_now)
        case Found(Reservation() as reservation):
            return after_found(change.answered(cal_now), reservation, cal_now)
        case NotSeen(error):
            return after_not_seen(change, error)
        case Accepted(Reservation() as reservation):
            return after_accepted(change, reservation, cal_now)
        case Failed(error):
            return after_failed(change, error, cal_now)
        case Asked(is_answered):
            answered_at = max(cal_now, change.unanswered_since)
            return results.unconfirmed(change, answered_at if is_answered else None)
        case _:  # OutOfTime
            return results.out_of_time(change)


def write(change: Change, cal_now: datetime, fields: Fields | None = None) -> Step:
    """Return the write of the change's phase; ``fields`` are recorded before it is sent."""
    fields = fields or {}
    if change.phase is not Phase.DISCARDING:  # which waits for an earlier PATCH that may land
        change = replace(change, settled_by=settled_by(cal_now), is_answered=False)
    if change.phase not in NOT_JOURNALED:
        fields = fields | {"change": change.to_json()}
    match change.phase:
        case Phase.PATCHING | Phase.ARRIVING:
            return Patch(change, change.target, fields)
        case Phase.PARKING:
            return Patch(change, change.parking_slot(), fields)
        case Phase.UNDOING:
            return Patch(change, change.origin, fields)
        case Phase.PLACING | Phase.REPLACING | Phase.ASKING_AGAIN:
            return Post(change, fields)
        case _:
            return Delete(change, fields)


def ask_again(change: Change, cal_now: datetime) -> Step:
    """POST what a retake has deleted, for as long as any of its time is left."""
    if cal_now >= change.last_end():
        return results.not_retaken(change, cal_now)
    minutes = minutes_until(change.target.held_until, cal_now)
    change = replace(change, phase=Phase.ASKING_AGAIN, minutes=minutes)
    return write(change, cal_now, hold_fields.placing(minutes))


def park(change: Change, cal_now: datetime, refusal: Refused) -> Step:
    """Go to the next parking place; where none is left, a person has to choose."""
    if not change.parking_places:
        return results.retake_needed(change, refusal)
    return write(change.parked_next(), cal_now)


def after_not_there(change: Change, cal_now: datetime) -> Step:
    """Go on where cal.com does not have the reservation, after a GET or a DELETE that was done."""
    match change.phase:
        case Phase.DELETING:
            return results.released(change, cal_now)
        case Phase.DISCARDING:
            return results.discarded(change)
        case Phase.RETAKING:
            return ask_again(change, cal_now)
        case _:
            return results.vanished(change, cal_now)


# --- After a GET ------------------------------------------------------------------------------


def after_found(change: Change, found: Reservation, cal_now: datetime) -> Step:
    """Go on by where cal.com has the reservation."""
    ran_out = found.reservation_until <= cal_now
    landed = change.has_landed(cal_now)
    match change.phase:
        case Phase.DELETING:
            if ran_out:
                return results.expired(change, found.reservation_until)
            return write(replace(change, was_missing=False), cal_now)
        case Phase.DISCARDING:
            return results.discarded(change) if ran_out and landed else write(change, cal_now)
        case Phase.RETAKING:
            return results.as_found(change, found) if landed else results.unsettled(change)
    location = change.locate(found)
    if location is Location.PARKED:
        return leave_parking(replace(change, shows_parked=True), cal_now)
    if change.is_outdated(found):
        return wait(change, change.failure, then=Look())
    if ran_out and not landed:  # a write that is done late revives it
        return results.unsettled(change)
    match location:
        case Location.TARGET:
            return results.arrived(change, found)
        case Location.ORIGIN if change.phase is Phase.UNDOING:
            return results.back_at_origin(change, found)
        case Location.ELSEWHERE if change.resumed:  # changed outside Holdfast
            return results.as_found(change, found)
        case _:
            return results.as_found(change, found) if landed else results.unsettled(change)


def begin_deleting(change: Change, cal_now: datetime) -> Step:
    """Delete what is released, also where it was not seen: a replica may not have it yet."""
    reason = {"end_reason": change.end_reason, "end_note": change.end_note}
    return write(replace(change, phase=Phase.DELETING), cal_now, reason)


def leave_parking(change: Change, cal_now: datetime) -> Step:
    """Bring a parked hold back: to its target, or to its origin where that was refused."""
    if cal_now >= change.last_end():  # nothing is left to save
        expired = hold_fields.ended(State.EXPIRED, change.last_end())
        return write(replace(change, phase=Phase.DISCARDING), cal_now, expired)
    if change.phase is Phase.TURNED_AWAY:
        return give_up(change, cal_now)
    if change.phase is Phase.PARKING:
        return write(replace(change, phase=Phase.ARRIVING, failure=None), cal_now)
    if change.failure is not None:  # the same call was just sent, and brought nothing
        return wait(change, change.failure, then=Begin())
    return write(change, cal_now)


def give_up(change: Change, cal_now: datetime) -> Step:
    """Delete a reservation whose own time is booked, or was reserved by someone else."""
    taken = hold_fields.taken(change.refused_as or Cause.ALREADY_RESERVED, cal_now)
    return write(replace(change, phase=Phase.DISCARDING), cal_now, taken)


def after_not_seen(change: Change, error: CalcomError) -> Step:
    """Go on after a GET that brought nothing. Only a parked hold is looked at again at once."""
    if change.phase in LEAVING_PARKING:
        return wait(replace(change, failure=change.failure or error), error, then=Look())
    if change.phase is Phase.CHECKING:
        return Done(change, Result.UNCHANGED, outcome_of(error), error=error)
    return results.unsettled(replace(change, failure=change.failure or error))


# --- After a write ----------------------------------------------------------------------------


def after_accepted(change: Change, reservation: Reservation, cal_now: datetime) -> Step:
    """Go on after a POST or PATCH that was done."""
    change = replace(change, failure=None)
    match change.phase:
        case Phase.PLACING | Phase.ASKING_AGAIN:
            return Done(change, Result.STANDS, Outcome.OK, hold_fields.confirmed(reservation))
        case Phase.REPLACING:
            return Swap(replace(change, phase=Phase.REPLACED), reservation)
        case Phase.PARKING:
            return write(replace(change, phase=Phase.ARRIVING), cal_now)
        case Phase.UNDOING:
            return results.back_at_origin(change, reservation)
        case _:
            return results.arrived(change, reservation)


def after_failed(change: Change, error: CalcomError, cal_now: datetime) -> Step:
    """Go on after a write that brought an error."""
    if isinstance(error, Refused):
        return after_refused(change, error, cal_now)
    if isinstance(error, Unavailable):
        return after_not_done(change, error, cal_now)
    return after_unanswered(change, error, cal_now)


def after_refused(change: Change, error: Refused, cal_now: datetime) -> Step:
    """Go on after a write that cal.com refused."""
    if change.phase in PATCHES and error.cause is Cause.UNKNOWN_RESERVATION:
        return results.vanished(change, cal_now)
    is_taken = error.cause is Cause.ALREADY_RESERVED
    match change.phase:
        case Phase.PATCHING if error.cause in BOOKED and change.keeps_slot(cal_now):
            return give_up(change.refused(error), cal_now)
        case Phase.PATCHING if is_taken and change.overlaps_itself(cal_now):
            return park(replace(change, shows_self_overlap=True), cal_now, error)
        case Phase.PARKING if is_of_place(error):
            return park(change, cal_now, error)
        case Phase.ARRIVING if is_taken and not (change.shows_parked or change.resumed):
            return Get(replace(change, failure=error))
        case Phase.ARRIVING | Phase.UNDOING:
            return Get(change.turned_away(error))
        case Phase.ASKING_AGAIN if is_taken and not change.resumed and change.pauses < RETAKE_TRIES:
            return wait(replace(change, failure=error), error, then=Begin())
        case Phase.ASKING_AGAIN:
            return results.not_kept(change, hold_fields.taken(error.cause, cal_now), error)
        case _:
            return results.not_done(change, error, cal_now)


def after_not_done(change: Change, error: Unavailable, cal_now: datetime) -> Step:
    """Go on after a write that was not done; what left the old place is tried again."""
    if change.phase in {Phase.ARRIVING, Phase.UNDOING, Phase.ASKING_AGAIN}:
        return wait(replace(change, failure=error), error, then=Begin())
    return results.not_done(change, error, cal_now)


def after_unanswered(change: Change, error: CalcomError, cal_now: datetime) -> Step:
    """Go on after a write that may have been done."""
    change = replace(change, failure=error).given_up(cal_now)
    match change.phase:
        case Phase.PLACING | Phase.REPLACING | Phase.ASKING_AGAIN:
            is_silent = error.exchange.milliseconds > calcom_client.SILENT
            return results.unconfirmed(change) if is_silent else Ask(change)
        case Phase.REPLACED | Phase.DISCARDING:
            return results.not_done(change, error, cal_now)
        case Phase.DELETING:
            return results.unsettled(change)
        case _:
            return Get(change)
