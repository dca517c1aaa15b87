"""Short names of transitions, as in the table of ``test_change``."""

from datetime import datetime
from http import HTTPStatus

from dashboard.calcom import Cause, Refused, Reservation, Unavailable, Unknown
from dashboard.holds.change import Change, Location, Phase
from dashboard.holds.seen import Accepted, Begin, Failed, Found, Look, NotSeen, OutOfTime, Seen
from dashboard.holds.steps import (
    RETAKE_TRIES,
    Ask,
    Delete,
    Done,
    Get,
    Patch,
    Post,
    Step,
    Swap,
    Wait,
)

CHANGED_BY_PATCH = {Phase.PATCHING, Phase.PARKING, Phase.ARRIVING, Phase.UNDOING}
DELETED = {Phase.CHECKING, Phase.DELETING, Phase.DISCARDING}
OF_A_PLACE = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
OF_ANY_PLACE = {Cause.WRONG_DURATION, Cause.NO_HOSTS}


def name_of_seen(change: Change, seen: Seen, now: datetime) -> str:
    """Return what was seen, as far as it decides."""
    ran_out = ", all ran out" if now >= change.last_end() else ""
    match seen:
        case Found(None) if change.phase is Phase.RETAKING:
            return f"not there{ran_out}"
        case Look() if change.phase is Phase.ASKING_AGAIN:
            return f"look{ran_out}"
        case OutOfTime() if change.phase is Phase.ASKING_AGAIN:
            return f"out of time{', no answer' * isinstance(change.failure, Unknown)}"
        case Accepted() if change.was_missing:
            return "accepted, was not there"
        case Found(None) if change.was_missing:
            return "not there, was not there"
        case Found(None):
            return "not there"
        case Found(Reservation() as reservation):
            return name_of_found(change, reservation, now)
        case NotSeen():
            return "not seen"
        case Failed(Refused() as error):
            return name_of_refused(change, error, now)
        case Failed(Unavailable()):
            return "not done"
        case Failed():
            return "no answer"
        case OutOfTime():
            return "out of time"
    return type(seen).__name__.lower()


def name_of_found(change: Change, reservation: Reservation, now: datetime) -> str:
    """Return where a GET found the reservation."""
    has_landed = change.answered(now).has_landed(now)
    may_land = "" if has_landed else ", a write may land"
    if change.phase in DELETED:
        ran_out = reservation.reservation_until <= now
        if not ran_out or change.phase is Phase.CHECKING:
            return "found"
        return f"found, ran out{may_land * (change.phase is Phase.DISCARDING)}"
    if change.phase is Phase.RETAKING:
        return f"found{may_land}"
    location = change.locate(reservation)
    if location is Location.PARKED:
        if now >= max(change.origin.held_until, change.target.held_until):
            return "found parked, all ran out"
        failed = change.failure is not None and change.phase in {Phase.ARRIVING, Phase.UNDOING}
        return "found parked, just failed" if failed else "found parked"
    if change.is_outdated(reservation):
        return "found as before"
    if may_land and reservation.reservation_until <= now:
        return f"found, ran out{may_land}"
    if location is Location.TARGET or (location, change.phase) == (Location.ORIGIN, Phase.UNDOING):
        return f"found at {location}"
    return f"found {'at ' * (location is Location.ORIGIN)}{location}{may_land}"


def name_of_refused(change: Change, error: Refused, now: datetime) -> str:
    """Return what a refusal is of."""
    none_left = "" if change.parking_places else ", no place left"
    if change.phase in CHANGED_BY_PATCH and error.cause is Cause.UNKNOWN_RESERVATION:
        return "refused: not there"
    if change.phase is Phase.PATCHING and error.cause is Cause.ALREADY_RESERVED:
        is_live = change.origin.held_until > now
        if is_live and change.target.overlaps(change.origin):
            return f"refused: own overlap{none_left}"
    is_booked = change.phase is Phase.PATCHING and error.cause is Cause.ALREADY_BOOKED
    is_live = change.origin.held_until > now
    if is_booked and is_live and change.target.is_slot_of(change.origin):
        return "refused: extension is booked"
    if error.cause is Cause.ALREADY_RESERVED and not change.resumed:
        is_again = change.phase is Phase.ASKING_AGAIN and change.pauses < RETAKE_TRIES
        if is_again or (change.phase is Phase.ARRIVING and not change.shows_parked):
            return "refused: taken at first"
    is_of_place = error.exchange.status in OF_A_PLACE and error.cause not in OF_ANY_PLACE
    if change.phase is Phase.PARKING and is_of_place:
        return f"refused: the place{none_left}"
    if change.phase is Phase.ARRIVING:
        return f"refused {'move' if change.verb == 'move' else 'extension'}"
    return "refused"


def name_of_step(step: Step) -> str:
    """Return the next step; the end of a verb with its outcome."""
    phase = step.change.phase
    match step:
        case Patch():
            return f"PATCH {phase}"
        case Post():
            return f"POST {phase}"
        case Delete() | Swap():
            return f"DELETE {phase}"
        case Get():
            return f"GET {phase}"
        case Ask():
            return f"ASK {phase}"
        case Wait(then=Begin()):
            return "wait, send again"
        case Wait():
            return "wait, look again"
        case Done(result=result, outcome=outcome):
            return f"{result}" if step.change.resumed else f"{result}, {outcome}"
