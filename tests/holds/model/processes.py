"""A model of the processes that change a hold: one call at a time, with every end it can have."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dashboard.calcom import CalcomError, Cause
from dashboard.calcom_state import calcom_client, clock
from dashboard.holds.change import Change, settled_by
from dashboard.holds.runner import Budget
from dashboard.holds.seen import Accepted, Asked, Failed, Found, Look, NotSeen, OutOfTime, Seen
from dashboard.holds.slots import minutes_until
from dashboard.holds.steps import Ask, Delete, Done, Get, Patch, Post, Step, Swap, Wait
from dashboard.holds.transitions import next_step
from tests.holds.model.calcom import (
    BLOCKED,
    NOT_SEEN,
    REFUSALS,
    THROTTLED,
    UNANSWERED,
    Row,
    Write,
    replace,
)
from tests.holds.model.journal import commit, lose_claim, record
from tests.holds.model.names import name_of_seen, name_of_step
from tests.holds.model.properties import check_call, check_effect
from tests.holds.model.register import Claim, Late, ModelState, Run

CALL_SECONDS = calcom_client.CALL_SECONDS
SETTLE_CALLS = 2
# Transitions that were taken: phase, by whom, what was seen, next step.
TRANSITIONS: set[tuple[str, str, str, str]] = set()


class CallEnd(StrEnum):
    """The end of one call, seen from outside the process."""

    ANSWERED = "answered"
    SLOW = "answered after eight seconds"
    LOST_BEFORE = "connection lost at once, not done"
    LOST_AFTER = "no answer, done"
    LATE = "no answer, may be done later"
    STANDS_STILL = "no answer, done once cal.com goes on"
    THROTTLED = "429, for five seconds"
    BLOCKED = "429, for a minute"
    REFUSED_HERE = "refused: 400"
    REFUSED_ANYWHERE = "refused: 400, wrong duration"
    FORBIDDEN = "refused: 403"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    KILLED_LATE = "killed, may be done later"
    KILLED_STILL = "killed, done once cal.com goes on"
    FROZEN_BEFORE = "freezes before"
    FROZEN_AFTER = "freezes after"


OF_A_GET = (
    CallEnd.SLOW,
    CallEnd.LOST_AFTER,
    CallEnd.BLOCKED,
    CallEnd.KILLED_AFTER,
    CallEnd.FROZEN_BEFORE,
    CallEnd.FROZEN_AFTER,
)
ERRORS: dict[CallEnd, CalcomError] = {
    CallEnd.LOST_BEFORE: UNANSWERED,
    CallEnd.LOST_AFTER: UNANSWERED,
    CallEnd.LATE: UNANSWERED,
    CallEnd.STANDS_STILL: UNANSWERED,
    CallEnd.THROTTLED: THROTTLED,
    CallEnd.BLOCKED: BLOCKED,
    CallEnd.REFUSED_HERE: REFUSALS[Cause.INVALID],
    CallEnd.REFUSED_ANYWHERE: REFUSALS[Cause.WRONG_DURATION],
    CallEnd.FORBIDDEN: REFUSALS[Cause.NOT_RELATED],
}
DONE = {
    CallEnd.ANSWERED,
    CallEnd.SLOW,
    CallEnd.LOST_AFTER,
    CallEnd.KILLED_AFTER,
    CallEnd.FROZEN_AFTER,
}
REFUSED = {CallEnd.REFUSED_HERE, CallEnd.REFUSED_ANYWHERE, CallEnd.FORBIDDEN}
SILENT = {CallEnd.LOST_BEFORE, CallEnd.LOST_AFTER, CallEnd.LATE, CallEnd.STANDS_STILL}
STILL = {CallEnd.STANDS_STILL, CallEnd.KILLED_STILL}
LATER = {CallEnd.LATE, CallEnd.KILLED_LATE, *STILL}
KILLED = {CallEnd.KILLED_BEFORE, CallEnd.KILLED_AFTER, CallEnd.KILLED_LATE, CallEnd.KILLED_STILL}
FROZEN = {CallEnd.FROZEN_BEFORE, CallEnd.FROZEN_AFTER}


@dataclass(frozen=True, slots=True)
class ClaimClock:
    """The part of an operation that a budget reads: how long the claim still lasts."""

    now: datetime
    ends: datetime

    def has_time_for(self, calls: int, *, after: float = 0) -> bool:
        return self.now + timedelta(seconds=after + CALL_SECONDS * calls) <= self.ends


def begin(state: ModelState, change: Change, seen: Seen, *, calls: int) -> ModelState:
    """Start a verb on a hold that the scenario has claimed for so many calls."""
    claim = Claim(1, state.now + clock.time_limit(calls))
    stand_in = state.stand_in and replace(state.stand_in, claim=claim)
    state = replace(state, hold=replace(state.hold, claim=claim), stand_in=stand_in)
    return go_on(state, Run(claim, Get(change), journal=state.hold.change), change, seen)


def settle(state: ModelState, name: str) -> ModelState:
    """Start a pass of settle: record what time decided, then look at one open row."""
    for each, row in state.rows():
        settled = row.settled_by_time(state.now, state.answered_at())
        if settled is not row:
            state = state.with_row(each, settled)
    state = replace(state, passes=state.passes + 1)
    row = state.row(name)
    if row.change is None or row.is_claimed(state.now):
        return state
    claim = Claim(state.passes + 1, state.now + clock.time_limit(SETTLE_CALLS))
    state = state.with_row(name, replace(row, claim=claim))
    run = Run(claim, Get(row.change), on=name, gets=1, writes=1, journal=row.change)
    return go_on(state, run, row.change, Look())


def go_on(state: ModelState, run: Run, change: Change, seen: Seen) -> ModelState:
    """Take steps until the next call, or to the end of the run."""
    while True:
        now = state.now
        step = next_step(change, seen, now)
        by = "settle" if change.resumed else "verb"
        TRANSITIONS.add((change.phase, by, name_of_seen(change, seen, now), name_of_step(step)))
        change = step.change
        if isinstance(step, Done):
            return record(state, run, step)
        budget = Budget(gets=run.gets, writes=run.writes)
        covered = budget.covers(step, ClaimClock(state.now, run.claim.until))  # type: ignore[arg-type]
        run = replace(run, gets=budget.gets, writes=budget.writes)
        if not covered:
            seen = OutOfTime()
        elif isinstance(step, Wait):
            state, seen = state.forward(step.seconds), step.then
        else:
            uid = state.row(run.on).reservation_uid or ""
            run = replace(run, step=step, uid=uid, answer=None, has_committed=False)
            return replace(state, run=run)


def perform(state: ModelState, end: CallEnd) -> ModelState:
    """Let the process make its call, with this end."""
    run = state.run
    if run is None:
        raise LookupError("no process is at work")
    if not run.has_committed:
        committed = commit(state, run)
        if committed is None:
            return lose_claim(state, run)
        state, run = committed
        check_call(state, run.on, run.step)
    run = replace(run, has_sent=True, has_committed=True)
    state = replace(state, run=run, unanswered=state.unanswered and not isinstance(run.step, Get))
    if isinstance(run.step, Ask):
        return after_ask(state, run, end)
    if isinstance(run.step, Get):
        return after_get(state, run, end, state.calcom.row(run.uid))
    return after_write(state, run, end, write_of(run.step, run.uid, state.now))


def after_ask(state: ModelState, run: Run, end: CallEnd) -> ModelState:
    if end in KILLED:
        return replace(state, run=None)
    if state.stands_still:
        state = state.forward(CALL_SECONDS)
    return go_on(state, run, run.change, Asked(not state.stands_still))


def after_get(state: ModelState, run: Run, end: CallEnd, row: Row | None) -> ModelState:
    found: Seen = Found(row and row.reservation())
    if end in KILLED:
        return replace(state, run=None)
    if end in FROZEN:
        answer = found if end is CallEnd.FROZEN_AFTER else None
        return replace(state, run=None, frozen=replace(run, answer=answer))
    if end is CallEnd.SLOW:
        state = state.forward(CALL_SECONDS)
    if end in ERRORS:
        error = BLOCKED if end is CallEnd.BLOCKED else NOT_SEEN
        found, state = NotSeen(error), state.forward(silence(run, tries=2))
    return go_on(state, run, run.change, found)


def after_write(state: ModelState, run: Run, end: CallEnd, write: Write) -> ModelState:
    answer: Row | CalcomError | None = None
    if end in DONE:
        calcom, answer = state.calcom.done(write, state.now)
        check_effect(run.step, answer)
        state = replace(state, calcom=calcom)
    if end in LATER:
        by = None if end in STILL else settled_by(state.now)
        state = replace(state, late=Late(write, by), stands_still=end in STILL)
    if end in REFUSED:
        state = replace(state, may_be_lost=True)
    seen = seen_of(ERRORS.get(end, answer), write)
    repeatable = isinstance(run.step, Delete | Swap)
    if end in KILLED:
        return replace(state, run=None, unanswered=not repeatable)
    if end in FROZEN:
        answer_in_hand = seen if end is CallEnd.FROZEN_AFTER else None
        return replace(state, run=None, frozen=replace(run, answer=answer_in_hand))
    if end is CallEnd.SLOW:
        state = state.forward(CALL_SECONDS)
    if end in SILENT:
        if end is not CallEnd.LOST_BEFORE:
            state = state.forward(silence(run, tries=3 if repeatable else 1))
        state = replace(state, unanswered=not repeatable)
    return go_on(state, run, run.change, seen)


def end_now(state: ModelState) -> CallEnd:
    """Return the end of a call while nothing more goes wrong."""
    return CallEnd.LOST_BEFORE if state.stands_still else CallEnd.ANSWERED


def unfreeze(state: ModelState) -> ModelState:
    """Let a frozen process go on, after settle has closed its claim."""
    run = state.frozen
    if run is None:
        raise LookupError("no process is frozen")
    state = replace(state, run=run, frozen=None)
    if run.answer is None:
        return perform(state, end_now(state))
    return go_on(state, run, run.change, run.answer)


def seen_of(answer: Row | CalcomError | None, write: Write) -> Seen:
    if isinstance(answer, CalcomError):
        return Failed(answer)
    duration = write.minutes if write.method == "POST" else None
    return Accepted(answer and answer.reservation(duration=duration))


def silence(run: Run, *, tries: int) -> float:
    """Return how many seconds a process waits in vain; settle sends each call only once."""
    return CALL_SECONDS * (1 if run.gets <= 1 else tries)


def write_of(step: Step, uid: str, now: datetime) -> Write:
    match step:
        case Patch(slot=slot):
            return Write("PATCH", uid, slot, minutes_until(slot.held_until, now))
        case Post(change=change):
            return Write("POST", "", change.target, change.minutes)
    return Write("DELETE", uid)
