"""Properties that hold whatever happens: before each call, and once everything has settled."""

from datetime import timedelta

from dashboard.calcom import CalcomError
from dashboard.holds.change import Change, Phase, settled_by
from dashboard.holds.states import State
from dashboard.holds.steps import Delete, Patch, Post, Step, Swap
from tests.holds.model.calcom import EPOCH, Row
from tests.holds.model.register import Hold, ModelState

A_MOMENT = timedelta(seconds=1)
YEARS = timedelta(days=365)


class PropertyViolatedError(AssertionError):
    """A property does not hold in a state that was reached."""


def check_call(state: ModelState, on: str, step: Step) -> None:
    """Check what must be so before a call is sent, with the register as it is committed."""
    row, change = state.row(on), step.change
    match step:
        case Patch() | Post() if state.unanswered:
            raise PropertyViolatedError(
                "a POST or PATCH without an answer is sent again without a look"
            )
        case Patch():
            check_journal(state, row, change)
            if step.slot.held_until < change.origin.held_until - A_MOMENT:
                raise PropertyViolatedError("a PATCH asks for less than the hold has")
            if is_parked(step.slot.slot_start) and not change.target.overlaps(change.origin):
                raise PropertyViolatedError("the time is given up without a need")
        case Post():
            placed = state.row("stand_in") if change.phase is Phase.REPLACING else row
            if placed.state is not State.PLACING:
                raise PropertyViolatedError("a POST of which the register does not know")
        case Swap():
            left = state.row("stand_in")
            if left.change is None or left.change.phase is not Phase.DELETING:
                raise PropertyViolatedError("nothing says that the old one is to be deleted")
            if not is_live(state, row):
                raise PropertyViolatedError("the old one is given up before the new one is held")
        case Delete():
            reservation = state.calcom.row(row.reservation_uid or "")
            ran_out = reservation is None or reservation.slot.held_until <= state.now + YEARS
            if change.phase is not Phase.ARRIVING or not ran_out:
                check_journal(state, row, change)


def check_journal(state: ModelState, row: Hold, change: Change) -> None:
    """Check that another process could go on from what the register says."""
    written = row.change
    counts_anew = change.phase is not Phase.DISCARDING  # which counts from an earlier PATCH
    if written is None or (counts_anew and written.settled_by < settled_by(state.now)):
        raise PropertyViolatedError(f"the register says {written} before a call of {change.phase}")
    journaled = (written.phase, written.origin, written.target, written.parked)
    if journaled != (change.phase, change.origin, change.target, change.parked):
        raise PropertyViolatedError(f"the register says {journaled} before a call of {change}")


def check_effect(step: Step, answer: Row | CalcomError | None) -> None:
    """Check what cal.com made of a PATCH."""
    if not isinstance(step, Patch) or not isinstance(answer, Row):
        return
    if answer.slot.held_until < step.change.origin.held_until - A_MOMENT:
        raise PropertyViolatedError("a hold was shortened")


def check_settled(state: ModelState, *, losses: frozenset[State]) -> None:
    """Check a state in which nothing is left to settle.

    ``losses`` are the ends that missing answers and kills alone must not bring.
    """
    for name, row in state.rows():
        if row.change is not None or row.claim is not None or row.state is State.PLACING:
            raise PropertyViolatedError(f"the {name} is never settled: {row}")
        if row.state is State.HELD and not state.changed_outside and not is_live(state, row):
            raise PropertyViolatedError(f"the {name} is held here and not at cal.com: {row}")
        if row.state is State.HELD and is_parked(row.slot_start):
            raise PropertyViolatedError(f"the {name} is left parked: {row}")
    for reservation in state.calcom.live(state.now):
        if not any(row.accounts_for(reservation) for _name, row in state.rows()):
            raise PropertyViolatedError(f"no hold accounts for {reservation}")
    if not state.may_be_lost and state.hold.state in losses:
        raise PropertyViolatedError(f"lost without need: {state.hold}")


def is_live(state: ModelState, row: Hold) -> bool:
    """Return whether cal.com has what the register says."""
    reservation = state.calcom.row(row.reservation_uid or "")
    if reservation is None:
        return False
    slot = reservation.slot
    there = (slot.event_type_id, slot.slot_start, slot.slot_end, slot.held_until)
    return there == (row.event_type_id, row.slot_start, row.slot_end, row.held_until)


def is_parked(start: object) -> bool:
    """Return whether a slot is at one of the parking places, years away."""
    return abs(start - EPOCH) > YEARS  # type: ignore[operator, no-any-return]
