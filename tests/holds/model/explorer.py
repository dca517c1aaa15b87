"""Explore every way in which a change can go: depth first, each world once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from dashboard.calcom import Cause
from dashboard.holds.slots import SlotHold
from dashboard.holds.steps import Get, Phase, Send
from tests.holds.model.calcom import EPOCH, Row, Stranger
from tests.holds.model.processes import (
    FROZEN,
    LATER,
    OF_A_GET,
    REFUSED,
    Fate,
    perform,
    settle,
    thaw,
)
from tests.holds.model.promises import BrokenPromiseError, check_rest
from tests.holds.model.register import World

SOON, LANDED, LONG = 10, 200, 4 * 3600  # seconds between passes of settle
PASSES = 2  # of settle with all that can happen to them; then as many as are needed without
ELSEWHERE = EPOCH + timedelta(days=1)


@dataclass
class Explored:
    """Counts of worlds, of steps between them, and of worlds in which no process is at work."""

    worlds: int = 0
    steps: int = 0
    rests: int = 0


def explore(start: World, *, keeps: bool, found: Explored) -> None:
    """Visit all worlds that can come after ``start``. Raises BrokenPromiseError with the path."""
    came_from: dict[object, tuple[object, str]] = {start.identity(): (None, "start")}
    stack = [start]
    while stack:
        world = stack.pop()
        identity = world.identity()
        found.worlds += 1
        try:
            if world.run is None and world.frozen is None:
                found.rests += 1
                come_to_rest(world, keeps=keeps)
            for label, following in successors(world):
                found.steps += 1
                reached = following.identity()
                if reached not in came_from:
                    came_from[reached] = (identity, label)
                    stack.append(following)
        except BrokenPromiseError as broken:
            path = "\n  ".join(path_to(identity, came_from))
            raise BrokenPromiseError(f"{broken}\nafter\n  {path}\nin {world}") from broken


def path_to(identity: object, came_from: dict[object, tuple[object, str]]) -> list[str]:
    labels: list[str] = []
    while identity is not None:
        identity, label = came_from[identity]
        labels.insert(0, label)
    return labels


def come_to_rest(world: World, *, keeps: bool) -> None:
    """Settle while nothing more goes wrong, until all has run out. Raises BrokenPromiseError."""
    for _pass in range(4):
        if not world.is_open():
            break
        world = world.forward(LANDED)
        for name, _row in world.rows():
            world = undisturbed(settle(world, name))
    if not world.late:
        check_rest(world, keeps=keeps)
    later = world.forward(LONG)
    for name, _row in later.rows():
        later = undisturbed(settle(later, name))
    check_rest(later, keeps=False)


def undisturbed(world: World) -> World:
    while world.run is not None:
        world = perform(world, Fate.ANSWERED)
    return world


def successors(world: World) -> Iterator[tuple[str, World]]:
    """Yield everything that can happen next, with a label."""
    if world.late is not None:
        yield "the unanswered write is done", landed(world)
    if world.run is not None:
        yield from after_call(world)
    else:
        yield from between_runs(world)
    if world.trouble:
        less = replace(world, trouble=world.trouble - 1)
        yield from meddled(less)


def after_call(world: World) -> Iterator[tuple[str, World]]:
    step = world.run.step if world.run else None
    method = f"{type(step).__name__} ({step.change.phase})" if step else ""
    yield f"{method}: answered", perform(world, Fate.ANSWERED)
    if not world.trouble:
        return
    less = replace(world, trouble=world.trouble - 1)
    for fate in OF_A_GET if isinstance(step, Get) else Fate:
        if fate is Fate.ANSWERED or (fate in LATER and world.late):
            continue
        if fate in FROZEN and (world.frozen or world.passes):
            continue
        if fate in REFUSED - {Fate.FORBIDDEN} and not isinstance(step, Send):
            continue
        yield f"{method}: {fate}", perform(less, fate)


def between_runs(world: World) -> Iterator[tuple[str, World]]:
    if world.frozen is not None and world.row(world.frozen.on).claim != world.frozen.claim:
        yield "the process goes on", thaw(world)
    if world.passes >= PASSES or not world.is_open():
        return
    for seconds in (SOON, LANDED, LONG):
        later = world.forward(seconds)
        if seconds == LONG:  # no process stands still for hours
            later = replace(later, excused=True, frozen=None)
        for name, row in later.rows():
            if row.change is not None or row.claim is not None:
                yield f"{seconds} s later settle looks at the {name}", settle(later, name)


def landed(world: World) -> World:
    if world.late is None:
        return world
    calcom, _answer = world.calcom.done(world.late.write, world.now)
    return replace(world, calcom=calcom, late=None)


def meddled(world: World) -> Iterator[tuple[str, World]]:
    """Yield what strangers, the clock and others at cal.com can do at any moment."""
    if world.run is None and not world.is_open():
        return
    for name, slot in slots(world):
        for cause in (Cause.ALREADY_RESERVED, Cause.ALREADY_BOOKED):
            calcom = world.calcom.joined_by(Stranger(slot, cause), world.now)
            if calcom is not None:
                excused = world.excused or name == "old time"
                label = f"a stranger takes the {name}: {cause}"
                yield label, replace(world, calcom=calcom, excused=excused)
    row = world.calcom.row(world.hold.reservation_uid or "")
    if row is not None and not world.touched:
        gone = world.calcom.without(row.uid)
        touched = replace(world, touched=True, excused=True)
        yield "others delete the reservation", replace(touched, calcom=gone)
        moved = replace(row.slot, slot_start=ELSEWHERE, slot_end=ELSEWHERE + timedelta(hours=1))
        calcom = replace(gone, rows=gone.rows | {Row(row.uid, moved)})
        yield "others move the reservation", replace(touched, calcom=calcom)


def slots(world: World) -> Iterator[tuple[str, SlotHold]]:
    """Yield the times that matter: of the change at work, or of the one in the register."""
    change = world.run.change if world.run else world.hold.change
    if change is None:
        return
    yield "old time", change.origin
    if change.target.slot_start != change.origin.slot_start:
        beyond = max(change.origin.slot_end, change.target.slot_start)
        yield "new time", replace(change.target, slot_start=beyond)
    if change.phase is Phase.PARKING:
        yield "parking place", change.parking_slot()
