"""Explore every way in which a change can go: depth first, each state once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from dashboard.calcom import Cause
from dashboard.holds.change import Phase
from dashboard.holds.hold_fields import LANDING
from dashboard.holds.slots import SlotHold
from dashboard.holds.states import State
from dashboard.holds.steps import Ask, Get, Patch, Step
from tests.holds.model.calcom import EPOCH, Row, Stranger, replace
from tests.holds.model.processes import (
    FROZEN,
    LATER,
    OF_A_GET,
    REFUSED,
    CallEnd,
    end_now,
    perform,
    settle,
    unfreeze,
)
from tests.holds.model.properties import PropertyViolatedError, check_settled
from tests.holds.model.register import ModelState

SOON, LANDED, LONG = 10, 200, 4 * 3600  # seconds between passes of settle
PASSES = 2  # of settle with all that can happen to them; then as many as are needed without
Losses = frozenset[State]  # ends of a hold that need a cause beyond missing answers and kills
ELSEWHERE = EPOCH + timedelta(days=1)


@dataclass
class Explored:
    """Counts of states, of steps between them, and of states without a process at work."""

    states: int = 0
    steps: int = 0
    idle: int = 0


def explore(start: ModelState, *, losses: Losses, found: Explored) -> None:
    """Visit all states that can follow. Raises PropertyViolatedError, with the path there."""
    identity: object = start.identity()
    came_from: dict[object, tuple[object, str]] = {identity: (None, "start")}
    stack = [(start, identity)]
    while stack:
        state, identity = stack.pop()
        found.states += 1
        try:
            if state.run is None and state.frozen is None:
                found.idle += 1
                check_settles(state, losses=losses)
            for label, following in successors(state):
                found.steps += 1
                step, reached = (identity, label), following.identity()
                if came_from.setdefault(reached, step) is step:
                    stack.append((following, reached))
        except PropertyViolatedError as broken:
            path = "\n  ".join(path_to(identity, came_from))
            raise PropertyViolatedError(f"{broken}\nafter\n  {path}\nin {state}") from broken


def path_to(identity: object, came_from: dict[object, tuple[object, str]]) -> list[str]:
    labels: list[str] = []
    while identity is not None:
        identity, label = came_from[identity]
        labels.insert(0, label)
    return labels


def check_settles(state: ModelState, *, losses: Losses) -> None:
    """Settle while nothing more goes wrong, until all has run out. Raises PropertyViolatedError."""
    if state.stands_still:
        for _pass in range(2):
            state = state.forward(LONG)
            for name, _row in state.rows():
                state = finished(settle(state, name))
        state = landed(goes_on(replace(state, may_be_lost=True)))
    for _pass in range(4):
        if not state.is_open():
            break
        state = state.forward(LANDED)
        for name, _row in state.rows():
            state = finished(settle(state, name))
    if not state.late:
        check_settled(state, losses=losses)
    later = state.forward(LONG)
    for name, _row in later.rows():
        later = finished(settle(later, name))
    check_settled(later, losses=frozenset())


def finished(state: ModelState) -> ModelState:
    while state.run is not None:
        state = perform(state, end_now(state))
    return state


def successors(state: ModelState) -> Iterator[tuple[str, ModelState]]:
    """Yield everything that can happen next, with a label."""
    if state.stands_still:
        yield "cal.com goes on", goes_on(state)
    elif state.late is not None:
        yield "the unanswered write is done", landed(state)
    if state.run is not None:
        yield from after_call(state)
    else:
        yield from between_runs(state)
    if state.events_left:
        less = replace(state, events_left=state.events_left - 1)
        yield from changed_by_others(less)


def after_call(state: ModelState) -> Iterator[tuple[str, ModelState]]:
    step = state.run.step if state.run else None
    method = f"{type(step).__name__} ({step.change.phase})" if step else ""
    if state.stands_still:
        yield f"{method}: no answer", perform(state, CallEnd.LOST_BEFORE)
        return
    yield f"{method}: answered", perform(state, CallEnd.ANSWERED)
    if not state.events_left:
        return
    less = replace(state, events_left=state.events_left - 1)
    for end in ends_of(step):
        if end is CallEnd.ANSWERED or (end in LATER and state.late):
            continue
        if end in FROZEN | {CallEnd.KILLED_STILL} and (state.frozen or state.passes):
            continue
        if end in REFUSED - {CallEnd.FORBIDDEN} and not isinstance(step, Patch):
            continue
        yield f"{method}: {end}", perform(less, end)


def ends_of(step: Step | None) -> Iterable[CallEnd]:
    """Return the ends that a call may have."""
    match step:
        case Ask():
            return (CallEnd.KILLED_AFTER,)
        case Get():
            return OF_A_GET
    return CallEnd


def goes_on(state: ModelState) -> ModelState:
    """Let cal.com go on; what it was sent lands within a minute."""
    late = state.late and replace(state.late, by=state.now + LANDING)
    return replace(state, stands_still=False, late=late)


def between_runs(state: ModelState) -> Iterator[tuple[str, ModelState]]:
    if state.frozen is not None and state.row(state.frozen.on).claim != state.frozen.claim:
        yield "the process goes on", unfreeze(state)
    if state.passes >= PASSES or not state.is_open():
        return
    for seconds in (SOON, LANDED, LONG):
        later = state.forward(seconds)
        if seconds == LONG:  # no process freezes for hours
            later = replace(later, may_be_lost=True, frozen=None)
        for name, row in later.rows():
            if row.change is not None or row.claim is not None:
                yield f"{seconds} s later settle looks at the {name}", settle(later, name)


def landed(state: ModelState) -> ModelState:
    if state.late is None:
        return state
    calcom, _answer = state.calcom.done(state.late.write, state.now)
    return replace(state, calcom=calcom, late=None)


def changed_by_others(state: ModelState) -> Iterator[tuple[str, ModelState]]:
    """Yield what strangers, the clock and others at cal.com can do at any moment."""
    if state.run is None and not state.is_open():
        return
    for name, slot in slots(state):
        for cause in (Cause.ALREADY_RESERVED, Cause.ALREADY_BOOKED):
            calcom = state.calcom.joined_by(Stranger(slot, cause), state.now)
            if calcom is not None:
                may_be_lost = state.may_be_lost or name == "old time"
                label = f"a stranger takes the {name}: {cause}"
                yield label, replace(state, calcom=calcom, may_be_lost=may_be_lost)
    row = state.calcom.row(state.hold.reservation_uid or "")
    if row is not None and not state.changed_outside:
        gone = state.calcom.without(row.uid)
        changed_outside = replace(state, changed_outside=True, may_be_lost=True)
        yield "others delete the reservation", replace(changed_outside, calcom=gone)
        moved = replace(row.slot, slot_start=ELSEWHERE, slot_end=ELSEWHERE + timedelta(hours=1))
        calcom = replace(gone, rows=gone.rows | {Row(row.uid, moved)})
        yield "others move the reservation", replace(changed_outside, calcom=calcom)


def slots(state: ModelState) -> Iterator[tuple[str, SlotHold]]:
    """Yield the times that matter: of the change at work, or of the one in the register."""
    change = state.run.change if state.run else state.hold.change
    if change is None:
        return
    yield "old time", change.origin
    if change.target.slot_start != change.origin.slot_start:
        beyond = max(change.origin.slot_end, change.target.slot_start)
        yield "new time", replace(change.target, slot_start=beyond)
    if change.phase is Phase.PARKING:
        yield "parking place", change.parking_slot()
