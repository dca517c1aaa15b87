"""A model of the processes that change a hold: one call at a time, with everything it can meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dashboard.calcom import CalcomError, Cause
from dashboard.holds import calcom_client, claims
from dashboard.holds.change import next_step
from dashboard.holds.runner import Budget
from dashboard.holds.slots import minutes_until
from dashboard.holds.steps import (
    Accepted,
    Change,
    Delete,
    Done,
    Failed,
    Found,
    Get,
    Look,
    NotSeen,
    OutOfTime,
    Post,
    Seen,
    Send,
    Step,
    Swap,
    Wait,
)
from tests.holds.model.calcom import BLOCKED, NOT_SEEN, REFUSALS, THROTTLED, UNANSWERED, Row, Write
from tests.holds.model.journal import commit, lose_claim, record
from tests.holds.model.names import name_of_seen, name_of_step
from tests.holds.model.promises import check_call, check_effect
from tests.holds.model.register import Claim, Late, Run, World

CALL_SECONDS = calcom_client.CALL_SECONDS
SETTLE_CALLS = 2
# Transitions that were taken: phase, by whom, what was seen, next step.
TRANSITIONS: set[tuple[str, str, str, str]] = set()


class Fate(StrEnum):
    """What becomes of one call."""

    ANSWERED = "answered"
    SLOW = "answered after eight seconds"
    LOST_BEFORE = "no answer, not done"
    LOST_AFTER = "no answer, done"
    LATE = "no answer, may be done later"
    THROTTLED = "429, for five seconds"
    BLOCKED = "429, for a minute"
    REFUSED_HERE = "refused: 400"
    REFUSED_ANYWHERE = "refused: 400, wrong duration"
    FORBIDDEN = "refused: 403"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    KILLED_LATE = "killed, may be done later"
    FROZEN_BEFORE = "stands still before"
    FROZEN_AFTER = "stands still after"


OF_A_GET = (
    Fate.SLOW,
    Fate.LOST_AFTER,
    Fate.BLOCKED,
    Fate.KILLED_AFTER,
    Fate.FROZEN_BEFORE,
    Fate.FROZEN_AFTER,
)
ERRORS: dict[Fate, CalcomError] = {
    Fate.LOST_BEFORE: UNANSWERED,
    Fate.LOST_AFTER: UNANSWERED,
    Fate.LATE: UNANSWERED,
    Fate.THROTTLED: THROTTLED,
    Fate.BLOCKED: BLOCKED,
    Fate.REFUSED_HERE: REFUSALS[Cause.INVALID],
    Fate.REFUSED_ANYWHERE: REFUSALS[Cause.WRONG_DURATION],
    Fate.FORBIDDEN: REFUSALS[Cause.NOT_RELATED],
}
DONE = {Fate.ANSWERED, Fate.SLOW, Fate.LOST_AFTER, Fate.KILLED_AFTER, Fate.FROZEN_AFTER}
REFUSED = {Fate.REFUSED_HERE, Fate.REFUSED_ANYWHERE, Fate.FORBIDDEN}
SILENT = {Fate.LOST_BEFORE, Fate.LOST_AFTER, Fate.LATE}
LATER = {Fate.LATE, Fate.KILLED_LATE}
KILLED = {Fate.KILLED_BEFORE, Fate.KILLED_AFTER, Fate.KILLED_LATE}
FROZEN = {Fate.FROZEN_BEFORE, Fate.FROZEN_AFTER}


@dataclass(frozen=True, slots=True)
class ClaimClock:
    """What a budget asks of an operation: whether the claim still covers so many calls."""

    now: datetime
    ends: datetime

    def has_time_for(self, calls: int, *, after: float = 0) -> bool:
        return self.now + timedelta(seconds=after + CALL_SECONDS * calls) <= self.ends


def begin(world: World, change: Change, seen: Seen, *, calls: int) -> World:
    """Start a verb on a hold that the scenario has claimed for so many calls."""
    claim = Claim(1, world.now + claims.time_limit(calls))
    stand_in = world.stand_in and replace(world.stand_in, claim=claim)
    world = replace(world, hold=replace(world.hold, claim=claim), stand_in=stand_in)
    return go_on(world, Run(claim, Get(change), journal=world.hold.change), change, seen)


def settle(world: World, name: str) -> World:
    """Start a pass of settle: record what time decided, then look at one open row."""
    for each, row in world.rows():
        world = world.with_row(each, row.settled_by_time(world.now))
    world = replace(world, passes=world.passes + 1)
    row = world.row(name)
    if row.change is None or row.is_claimed(world.now):
        return world
    claim = Claim(world.passes + 1, world.now + claims.time_limit(SETTLE_CALLS))
    world = world.with_row(name, replace(row, claim=claim))
    run = Run(claim, Get(row.change), on=name, gets=1, writes=1, journal=row.change)
    return go_on(world, run, row.change, Look())


def go_on(world: World, run: Run, change: Change, seen: Seen) -> World:
    """Take steps until the next call, or to the end of the run."""
    while True:
        now = world.moment()
        step = next_step(change, seen, now)
        by = "settle" if change.resumed else "verb"
        TRANSITIONS.add((change.phase, by, name_of_seen(change, seen, now), name_of_step(step)))
        change = step.change
        if isinstance(step, Done):
            return record(world, run, step)
        budget = Budget(gets=run.gets, writes=run.writes)
        covered = budget.covers(step, ClaimClock(world.now, run.claim.until))  # type: ignore[arg-type]
        run = replace(run, gets=budget.gets, writes=budget.writes)
        if not covered:
            seen = OutOfTime()
        elif isinstance(step, Wait):
            world, seen = world.forward(step.seconds), step.then
        else:
            uid = world.row(run.on).reservation_uid or ""
            run = replace(run, step=step, uid=uid, answer=None, has_committed=False)
            return replace(world, run=run)


def perform(world: World, fate: Fate) -> World:
    """Let the process make its call, and meet its fate."""
    run = world.run
    if run is None:
        raise LookupError("no process is at work")
    if not run.has_committed:
        committed = commit(world, run)
        if committed is None:
            return lose_claim(world, run)
        world, run = committed
        check_call(world, run.on, run.step)
    run = replace(run, has_sent=True, has_committed=True)
    world = replace(world, run=run, unanswered=world.unanswered and not isinstance(run.step, Get))
    if isinstance(run.step, Get):
        return after_get(world, run, fate, world.calcom.row(run.uid))
    return after_write(world, run, fate, write_of(run.step, run.uid, world.now))


def after_get(world: World, run: Run, fate: Fate, row: Row | None) -> World:
    found: Seen = Found(row and row.reservation())
    if fate in KILLED:
        return replace(world, run=None)
    if fate in FROZEN:
        answer = found if fate is Fate.FROZEN_AFTER else None
        return replace(world, run=None, frozen=replace(run, answer=answer))
    if fate is Fate.SLOW:
        world = world.forward(CALL_SECONDS)
    if fate in ERRORS:
        error = BLOCKED if fate is Fate.BLOCKED else NOT_SEEN
        found, world = NotSeen(error), world.forward(silence(run, tries=2))
    return go_on(world, run, run.change, found)


def after_write(world: World, run: Run, fate: Fate, write: Write) -> World:
    answer: Row | CalcomError | None = None
    if fate in DONE:
        calcom, answer = world.calcom.done(write, world.now)
        check_effect(run.step, answer)
        world = replace(world, calcom=calcom)
    if fate in LATER:
        world = replace(world, late=Late(write, claims.settled_by(world.now)))
    if fate in REFUSED:
        world = replace(world, excused=True)
    seen = seen_of(ERRORS.get(fate, answer), write)
    repeatable = isinstance(run.step, Delete | Swap)
    if fate in KILLED:
        return replace(world, run=None, unanswered=not repeatable)
    if fate in FROZEN:
        answer_in_hand = seen if fate is Fate.FROZEN_AFTER else None
        return replace(world, run=None, frozen=replace(run, answer=answer_in_hand))
    if fate is Fate.SLOW:
        world = world.forward(CALL_SECONDS)
    if fate in SILENT:
        world = world.forward(silence(run, tries=3 if repeatable else 1))
        world = replace(world, unanswered=not repeatable)
    return go_on(world, run, run.change, seen)


def thaw(world: World) -> World:
    """Let a process that stood still go on, after its claim was closed by others."""
    run = world.frozen
    if run is None:
        raise LookupError("no process stands still")
    world = replace(world, run=run, frozen=None)
    if run.answer is None:
        return perform(world, Fate.ANSWERED)
    return go_on(world, run, run.change, run.answer)


def seen_of(answer: Row | CalcomError | None, write: Write) -> Seen:
    if isinstance(answer, CalcomError):
        return Failed(answer)
    duration = write.minutes if write.method == "POST" else None
    return Accepted(answer and answer.reservation(duration=duration))


def silence(run: Run, *, tries: int) -> float:
    """Return how long a process waits for nothing; settle sends each call only once."""
    return CALL_SECONDS * (1 if run.gets <= 1 else tries)


def write_of(step: Step, uid: str, now: datetime) -> Write:
    match step:
        case Send(slot=slot):
            return Write("PATCH", uid, slot, minutes_until(slot.held_until, now))
        case Post(change=change):
            return Write("POST", "", change.target, change.minutes)
    return Write("DELETE", uid)
