"""The results of a change: what each means for the hold, the audit and the words. Pure."""

from datetime import datetime

from dashboard.audit.trail import Outcome
from dashboard.calcom import CalcomError, Reservation, Unknown
from dashboard.holds import hold_fields
from dashboard.holds.change import POSTS, Change, Location, Phase
from dashboard.holds.hold_fields import Fields
from dashboard.holds.states import BOOKED_BY_STAFF, State
from dashboard.holds.steps import Done, Result, outcome_of


def not_done(change: Change, error: CalcomError, cal_now: datetime) -> Done:
    """End a run whose write was refused or not done, with nothing given up.

    A change taken up from the register stays there: an earlier write may have been done.
    """
    outcome = outcome_of(error)
    refused = hold_fields.ended(State.REFUSED, cal_now, reason=str(error.cause))
    match change.phase:
        case Phase.PLACING:
            return Done(change, Result.NOT_PLACED, outcome, refused, error=error)
        case Phase.REPLACING:
            return Done(change, Result.UNCHANGED, outcome, stand_in=refused, error=error)
        case Phase.REPLACED:  # the stand-in says that the old one is still to be deleted
            return Done(change, Result.STANDS, Outcome.OK, stand_in={})
        case _ if change.resumed:
            return Done(change, Result.UNSETTLED, outcome, error=error)
        case Phase.DISCARDING:
            return lost(change)
        case Phase.DELETING:
            fields = {"change": None, "end_reason": "", "end_note": ""}
            return Done(change, Result.UNCHANGED, outcome, fields, error=error)
        case _:
            return Done(change, Result.UNCHANGED, outcome, {"change": None}, error=error)


def retake_needed(change: Change, refusal: CalcomError) -> Done:
    """Ask a person: every safe way was refused."""
    fields = {"change": None}
    cause = "retake_needed"
    return Done(change, Result.RETAKE_NEEDED, Outcome.REFUSED, fields, cause=cause, error=refusal)


def unsettled(change: Change) -> Done:
    """Leave the change in the register for the next look.

    Without an error it was seen at cal.com, where an earlier write may still land: not known yet.
    """
    error = change.failure or change.refusal
    fields = {"change": change.to_json()}
    outcome = outcome_of(error) if error and change.resumed else Outcome.UNKNOWN
    return Done(change, Result.UNSETTLED, outcome, fields, error=error)


def unconfirmed(change: Change, answered_at: datetime | None = None) -> Done:
    """End where a POST was never answered. ``answered_at`` is when cal.com last answered a call."""
    error = change.failure
    fields = hold_fields.unconfirmed(change.unanswered_since, change.minutes, answered_at)
    if change.phase is Phase.REPLACING:
        return Done(
            change, Result.SECOND_UNCONFIRMED, Outcome.UNKNOWN, stand_in=fields, error=error
        )
    return Done(change, Result.UNCONFIRMED, Outcome.UNKNOWN, fields, error=error)


def as_found(change: Change, found: Reservation) -> Done:
    """Take over what cal.com says."""
    fields = hold_fields.held(found)
    if change.locate(found) is Location.ORIGIN:
        fields["slot_duration"] = change.origin.slot_duration
    return Done(change, Result.STANDS, Outcome.OK, fields)


def back_at_origin(change: Change, reservation: Reservation) -> Done:
    """End where the target was refused, and the hold is where it was before."""
    fields = hold_fields.held(reservation) | {"slot_duration": change.origin.slot_duration}
    outcome = Outcome.OK if change.resumed else Outcome.REFUSED
    return Done(change, Result.WENT_BACK, outcome, fields, error=change.refusal)


def arrived(change: Change, reservation: Reservation) -> Done:
    """End where the hold has its target."""
    fields = hold_fields.held(reservation) | {"slot_duration": change.target.slot_duration}
    return Done(change, Result.STANDS, Outcome.OK, fields)


def vanished(change: Change, cal_now: datetime) -> Done:
    """End a hold that cal.com does not have: gone before its time, or expired."""
    state, when = State.GONE, cal_now
    if change.end_reason == BOOKED_BY_STAFF:
        state = State.BOOKED
    elif change.origin.held_until <= cal_now:
        state, when = State.EXPIRED, change.origin.held_until
    fields = hold_fields.ended(state, when, reason=change.end_reason)
    if change.was_missing:
        return Done(change, Result.VANISHED, Outcome.OK, fields, cause="was_already_gone")
    if change.resumed:
        return Done(change, Result.VANISHED, Outcome.OK, fields)
    return Done(change, Result.VANISHED, Outcome.REFUSED, fields, cause="gone")


def released(change: Change, cal_now: datetime) -> Done:
    """End after the DELETE. The reason was recorded before it."""
    if change.was_missing:
        return vanished(change, cal_now)
    is_booked = change.end_reason == BOOKED_BY_STAFF
    fields = hold_fields.ended(State.BOOKED if is_booked else State.RELEASED, cal_now)
    del fields["end_reason"]
    return Done(change, Result.ENDED, Outcome.OK, fields)


def replaced(change: Change, cal_now: datetime) -> Done:
    """End after the old reservation of a replaced hold was deleted."""
    stand_in = hold_fields.ended(State.RELEASED, cal_now, reason="replaced")
    return Done(change, Result.STANDS, Outcome.OK, stand_in=stand_in)


def expired(change: Change, when: datetime) -> Done:
    """End where it ran out before the change was finished. ``when`` is on cal.com's clock."""
    return Done(change, Result.ENDED, Outcome.OK, hold_fields.ended(State.EXPIRED, when))


def discarded(change: Change) -> Done:
    """End after what a lost or expired hold left parked is gone."""
    return lost(change, {"change": None})


def lost(change: Change, fields: Fields | None = None) -> Done:
    """End where the time was lost; without ``fields`` the parked one is still to be deleted."""
    fields, error = fields or {}, change.refusal
    if change.resumed or error is None:  # an earlier run told of the loss, or it ran out
        return Done(change, Result.ENDED, Outcome.OK, fields)
    return not_kept(change, fields, error)


def not_kept(change: Change, fields: Fields, error: CalcomError) -> Done:
    """End where the time is booked, or someone else's."""
    cause = "booked" if error.cause in hold_fields.BOOKED else "lost"
    return Done(change, Result.LOST, Outcome.REFUSED, fields, cause=cause, error=error)


def not_retaken(change: Change, cal_now: datetime) -> Done:
    """End a retake that died after its DELETE."""
    fields = hold_fields.ended(State.LOST, cal_now, reason="not_retaken")
    return Done(change, Result.LOST, Outcome.OK, fields)


def out_of_time(change: Change) -> Done:
    """End where no further call fits: what is open stays in the register."""
    if change.phase in POSTS and isinstance(change.failure, Unknown):
        return unconfirmed(change)
    return unsettled(change)
