"""What must be true whatever happens: during each call, and once everything has settled."""

from __future__ import annotations

from datetime import timedelta

from dashboard.calcom import CalcomError
from dashboard.holds import claims
from dashboard.holds.states import State
from dashboard.holds.steps import Change, Delete, Phase, Post, Send, Step, Swap
from tests.holds.model.calcom import EPOCH, Row
from tests.holds.model.register import Hold, World

A_MOMENT = timedelta(seconds=1)
YEARS = timedelta(days=365)
LOSING = {State.LOST, State.GONE, State.EXPIRED, State.RELEASED, State.REFUSED}


class BrokenPromiseError(AssertionError):
    """A promise was broken on the way."""


def check_call(world: World, on: str, step: Step) -> None:
    """Check what must be so before a call is sent, with the register as it is committed."""
    row, change = world.row(on), step.change
    match step:
        case Send() | Post() if world.unanswered:
            raise BrokenPromiseError("a POST or PATCH without an answer is sent again unseen")
        case Send():
            check_journal(world, row, change)
            if step.slot.held_until < change.origin.held_until - A_MOMENT:
                raise BrokenPromiseError("a PATCH asks for less than the hold has")
            if is_parked(step.slot.slot_start) and not change.target.overlaps(change.origin):
                raise BrokenPromiseError("the time is given up without need")
        case Post():
            placed = world.row("stand_in") if change.phase is Phase.REPLACING else row
            if placed.state is not State.PLACING:
                raise BrokenPromiseError("a POST of which the register does not know")
        case Swap():
            left = world.row("stand_in")
            if left.change is None or left.change.phase is not Phase.DELETING:
                raise BrokenPromiseError("nothing says that the old one is to be deleted")
            if not is_live(world, row):
                raise BrokenPromiseError("the old one is given up before the new one is ours")
        case Delete():
            reservation = world.calcom.row(row.reservation_uid or "")
            ran_out = reservation is None or reservation.slot.held_until <= world.now + YEARS
            if change.phase is not Phase.ARRIVING or not ran_out:
                check_journal(world, row, change)


def check_journal(world: World, row: Hold, change: Change) -> None:
    """Check that another process could go on from what the register says."""
    written = row.change
    if written is None or written.settled_by < claims.settled_by(world.now):
        raise BrokenPromiseError(f"the register says {written} before a call of {change.phase}")
    told = (written.phase, written.origin, written.target, written.parked)
    if told != (change.phase, change.origin, change.target, change.parked):
        raise BrokenPromiseError(f"the register says {told} before a call of {change}")


def check_effect(step: Step, answer: Row | CalcomError | None) -> None:
    """Check what cal.com made of a PATCH."""
    if not isinstance(step, Send) or not isinstance(answer, Row):
        return
    if answer.slot.held_until < step.change.origin.held_until - A_MOMENT:
        raise BrokenPromiseError("a hold was shortened")


def check_rest(world: World, *, keeps: bool) -> None:
    """Check a world in which nothing is left to settle.

    ``keeps``: the verb gives nothing up, so missing answers and kills alone lose no hold.
    """
    for name, row in world.rows():
        if row.change is not None or row.claim is not None or row.state is State.PLACING:
            raise BrokenPromiseError(f"the {name} never comes to rest: {row}")
        if row.state is State.HELD and not world.touched and not is_live(world, row):
            raise BrokenPromiseError(f"the {name} is held here and not at cal.com: {row}")
        if row.state is State.HELD and is_parked(row.slot_start):
            raise BrokenPromiseError(f"the {name} is left parked: {row}")
    for reservation in world.calcom.live(world.now):
        if not any(row.accounts_for(reservation) for _name, row in world.rows()):
            raise BrokenPromiseError(f"no hold accounts for {reservation}")
    if keeps and not world.excused and world.hold.state in LOSING:
        raise BrokenPromiseError(f"lost without need: {world.hold}")


def is_live(world: World, row: Hold) -> bool:
    """Return whether cal.com has what the register says."""
    reservation = world.calcom.row(row.reservation_uid or "")
    if reservation is None:
        return False
    slot = reservation.slot
    there = (slot.event_type_id, slot.slot_start, slot.slot_end, slot.held_until)
    return there == (row.event_type_id, row.slot_start, row.slot_end, row.held_until)


def is_parked(start: object) -> bool:
    """Return whether a slot is at one of the parking places, years away."""
    return abs(start - EPOCH) > YEARS  # type: ignore[operator, no-any-return]
