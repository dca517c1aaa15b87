"""The ways to extend and to move, as ordered calls.

cal.com's PATCH counts the reservation's own row as an overlap (named in
https://github.com/calcom/cal.diy/pull/28993), so a live hold can neither be extended nor moved
to an overlapping time directly. What is left, in the order in which it is tried:

1. *straight*: PATCH to the target. A cal.com without the defect accepts it, and it is atomic.
2. *park and go*: PATCH to a random moment that overlaps nothing, then PATCH to the target. The
   uid stays, so an unanswered step is told from a GET.
3. *new first*: POST the new one, then DELETE the old (round robin, and another event type).
4. *retake*: DELETE, then POST. Only when a person has agreed to the risk, and 2. was refused.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from dashboard.calcom import CalcomError, Cause, Refused, Reservation, Unavailable, Unknown
from dashboard.holds.calls import Action
from dashboard.holds.changes import Change, Phase, Spot, Where, parking_place
from dashboard.holds.rate_and_clock import SELF_OVERLAP_IS_BELIEVED

# Refusals that may be of the parking place alone; any other would meet a new reservation as well,
# and the hold would be lost for nothing.
OF_THE_PLACE = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
OF_ANY_PLACE = {Cause.WRONG_DURATION, Cause.NO_HOSTS}
# Seconds before a failed way back from the parking place is tried again; doubled each time.
FIRST_PAUSE = 0.25


class UnsettledError(Exception):
    """The change is under way and its end not known yet; it stays written down."""

    def __init__(self, error: CalcomError, change: Change) -> None:
        super().__init__(str(error))
        self.error = error
        self.change = change


class LostError(Exception):
    """The way back was refused: somebody else has the time, and the hold is still parked."""

    def __init__(self, error: Refused, change: Change) -> None:
        super().__init__(str(error))
        self.error = error
        self.change = change


class BackAgainError(Exception):
    """The target was refused, and the hold is back where it was."""

    def __init__(self, error: Refused, reservation: Reservation) -> None:
        super().__init__(str(error))
        self.error = error
        self.reservation = reservation


class GoneError(Exception):
    """cal.com does not have the reservation any more."""


class RetakeNeededError(Exception):
    """Two parking places were refused."""

    def __init__(self, error: Refused) -> None:
        super().__init__(str(error))
        self.error = error


def straight(action: Action, uid: str, change: Change) -> Reservation:
    """PATCH to the target. Raises Refused, Unavailable, UnsettledError, GoneError."""
    return _patch(action, uid, change, Phase.PATCHING, change.target)


def remember_self_overlap(action: Action) -> None:
    """This cal.com answers an extension in place with the self-overlap 422."""
    action.known.learn(self_overlap_until=action.now() + SELF_OVERLAP_IS_BELIEVED)


def park_and_go(action: Action, uid: str, change: Change) -> Reservation:
    """Park, then PATCH to the target; back to the origin where that is refused.

    Raises RetakeNeededError, BackAgainError, LostError, UnsettledError, GoneError, Refused,
    Unavailable.
    """
    action.way = "park and return"
    return _arrive(action, uid, _park(action, uid, change, ahead=False))


def _park(action: Action, uid: str, change: Change, *, ahead: bool) -> Change:
    place = _parked(action, change, ahead=ahead)
    change = replace(change, parked=place.slot_start)
    try:
        _patch(action, uid, change, Phase.PARKING, place)
    except Refused as error:
        if error.exchange.status not in OF_THE_PLACE or error.cause in OF_ANY_PLACE:
            raise
        if ahead:
            raise RetakeNeededError(error) from error
        return _park(action, uid, change, ahead=True)
    return change


def _parked(action: Action, change: Change, *, ahead: bool) -> Spot:
    """A parking place, kept for no shorter than what the hold still has."""
    start = parking_place(action.at(), ahead=ahead)
    length = change.origin.slot_end - change.origin.slot_start
    return replace(
        change.origin,
        slot_start=start,
        slot_end=start + length,
        until=max(change.origin.until, change.target.until) + timedelta(minutes=1),
    )


def _arrive(action: Action, uid: str, change: Change) -> Reservation:
    """From the parking place to the target, or back to the origin of a move."""
    try:
        return _leave_parking(action, uid, change, Phase.ARRIVING, change.target)
    except LostError as error:
        if change.verb != "move":
            raise
        back = _leave_parking(action, uid, change, Phase.UNDOING, change.origin)
        raise BackAgainError(error.error, back) from error


def _leave_parking(
    action: Action, uid: str, change: Change, phase: Phase, spot: Spot
) -> Reservation:
    """PATCH from the parking place, again after a look and a pause where it was not done."""
    pause = FIRST_PAUSE
    while True:
        try:
            return _patch(action, uid, change, phase, spot)
        except Refused as error:
            return _look_after_refusal(action, uid, replace(change, phase=phase), spot, error)
        except Unavailable as error:
            failure = UnsettledError(error, replace(change, phase=phase))
        except UnsettledError as error:
            failure = error
        wait = max(pause, failure.error.retry_after or 0)
        if not action.has_time_for(2, after=wait):
            raise failure from failure.error
        time.sleep(wait)
        pause *= 2


def _look_after_refusal(
    action: Action, uid: str, change: Change, spot: Spot, error: Refused
) -> Reservation:
    """Nothing is said of a refused way back before a GET: it may have worked after all."""
    try:
        found = action.get(uid)
    except (Refused, Unavailable) as silent:
        raise UnsettledError(silent, change.turned_away()) from error
    if found is None:
        raise GoneError from error
    if spot.holds(found):
        return found
    raise LostError(error, change) from error


def _patch(action: Action, uid: str, change: Change, phase: Phase, spot: Spot) -> Reservation:
    """PATCH; where the answer did not come, a GET tells whether it was done."""
    change = replace(change, phase=phase, settled_by=action.settled_by())
    try:
        return action.update(uid, spot, change)
    except Refused as error:
        if error.cause is Cause.UNKNOWN_RESERVATION:
            raise GoneError from error
        raise
    except Unknown as error:
        return _look(action, uid, change, error)


def _look(action: Action, uid: str, change: Change, error: Unknown) -> Reservation:
    """What came of an unanswered PATCH. One that cannot be seen yet may still land."""
    try:
        found = action.get(uid)
    except (Refused, Unavailable):
        raise UnsettledError(error, change) from error
    landed = {
        Phase.PATCHING: Where.TARGET,
        Phase.PARKING: Where.PARKED,
        Phase.ARRIVING: Where.TARGET,
        Phase.UNDOING: Where.ORIGIN,
    }[change.phase]
    if found is None:
        raise GoneError from error
    if change.find(found) is landed:
        return found
    raise UnsettledError(error, change) from error
