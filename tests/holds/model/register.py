"""A small model of the register and of a process at work: what ``runner`` and ``settle`` do.

The state machine is the product's own. Everything here is a frozen value, so that the explorer can
go back to any of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dashboard.holds import hold_fields
from dashboard.holds.change import Change
from dashboard.holds.seen import Seen
from dashboard.holds.slots import SlotHold
from dashboard.holds.states import State
from dashboard.holds.steps import Step
from tests.holds.model.calcom import Calcom, Row, Write, replace

COLUMNS = {
    "state",
    "reservation_uid",
    "event_type_id",
    "slot_start",
    "slot_end",
    "held_until",
    "latest_end",
    "unanswered_since",
    "change",
    "reservation_duration",
}


class Claim(NamedTuple):
    """A claim on a row; ``number`` tells one process from another."""

    number: int
    until: datetime


class Hold(NamedTuple):
    """A row of the register, with the columns that tell where a reservation is."""

    state: State
    event_type_id: int
    slot_start: datetime
    slot_end: datetime
    reservation_uid: str | None = None
    held_until: datetime | None = None
    latest_end: datetime | None = None
    unanswered_since: datetime | None = None
    change: Change | None = None
    claim: Claim | None = None
    reservation_duration: int = 0  # minutes last asked for

    def with_fields(self, fields: dict[str, Any]) -> Hold:
        """Return the row after an update, with the change as another process will read it."""
        known = {name: value for name, value in fields.items() if name in COLUMNS}
        if known.get("change") is not None:
            known["change"] = Change.from_json(known["change"])
        return replace(self, **known)

    def is_claimed(self, now: datetime) -> bool:
        """Return whether a process may still be at work on it."""
        return self.claim is not None and self.claim.until > now

    def accounts_for(self, row: Row) -> bool:
        """Return whether a live row at cal.com is this one's, or may be."""
        if self.reservation_uid == row.uid:
            return self.state is State.HELD or self.change is not None
        if self.state is not State.UNCONFIRMED:
            return False
        there = (row.slot.event_type_id, row.slot.slot_start)
        lasts = self.latest_end is None or self.latest_end >= row.slot.held_until
        return lasts and (self.event_type_id, self.slot_start) == there

    def settled_by_time(self, now: datetime, answered_at: datetime | None) -> Hold:
        """Return the row after ``settle_times``, for which a process with a claim is dead.

        ``answered_at`` is now, or None while cal.com stands still.
        """
        if self.is_claimed(now):
            return self
        hold = self
        if hold.claim is not None and hold.state is State.PLACING:
            since, minutes = min(hold.claim.until, now), hold.reservation_duration
            hold = hold.with_fields(hold_fields.unconfirmed(since, minutes, answered_at))
        if hold.claim is not None:
            hold = replace(hold, claim=None)
        if hold.unanswered_since is not None:
            since, minutes = hold.unanswered_since, hold.reservation_duration
            return hold.with_fields(hold_fields.latest_end(since, minutes, answered_at))
        end = hold.held_until if hold.state is State.HELD else hold.latest_end
        is_open = hold.state in {State.HELD, State.UNCONFIRMED} and hold.change is None
        if is_open and end is not None and end <= now:
            return hold.with_fields(hold_fields.ended(State.EXPIRED, end))
        return hold


class Run(NamedTuple):
    """A process at work on ``on``, "hold" or "stand_in"; ``step`` is what it does next."""

    claim: Claim
    step: Step
    on: str = "hold"
    uid: str = ""  # as it read it before its call
    gets: int = 100
    writes: int = 100
    has_sent: bool = False
    journal: Change | None = None  # as it last wrote it down
    # Of a frozen process: whether it has committed before its call, and its answer.
    has_committed: bool = False
    answer: Seen | None = None

    @property
    def change(self) -> Change:
        """Return the change as it is in the memory of the process."""
        return self.step.change

    def identity(self) -> tuple[object, ...]:
        """Return what distinguishes it, with the errors that ``Change`` does not compare."""
        change = self.change
        errors = [
            (type(error), error.cause, error.retry_after) if error else None
            for error in (change.refusal, change.failure)
        ]
        step = (type(self.step), getattr(self.step, "seconds", 0))
        counts = (self.gets, self.writes, self.has_sent, self.has_committed)
        return (
            self.claim,
            self.on,
            self.uid,
            counts,
            self.journal,
            self.answer,
            step,
            change,
            *errors,
        )


class Late(NamedTuple):
    """A write that was sent and not answered; until ``by`` cal.com may still do it.

    None: for as long as it stands still.
    """

    write: Write
    by: datetime | None


class ModelState(NamedTuple):
    """Both clocks (they agree), cal.com, the register and the processes at work.

    ``events_left`` is how many more events may go wrong. ``may_be_lost`` is set by a stranger, a
    refusal, the clock or a change outside Holdfast: then a hold may end otherwise than asked.
    """

    now: datetime
    calcom: Calcom
    hold: Hold
    stand_in: Hold | None = None
    run: Run | None = None
    frozen: Run | None = None  # a process that goes on after others have settled
    late: Late | None = None
    stands_still: bool = False  # cal.com, which then answers no call
    events_left: int = 0
    passes: int = 0  # of settle
    may_be_lost: bool = False
    changed_outside: bool = False  # the reservation, outside Holdfast
    unanswered: bool = False  # a POST or PATCH, and no look since

    def identity(self) -> tuple[object, ...]:
        """Return what distinguishes it from other states."""
        return (
            self.now,
            self.calcom,
            self.hold,
            self.stand_in,
            self.run and self.run.identity(),
            self.frozen and self.frozen.identity(),
            self.late,
            (
                self.stands_still,
                self.events_left,
                self.passes,
                self.may_be_lost,
                self.changed_outside,
                self.unanswered,
            ),
        )

    def answered_at(self) -> datetime | None:
        """Return when a call that settle makes now is answered."""
        return None if self.stands_still else self.now

    def row(self, name: str) -> Hold:
        """Return a row of the register. Raises LookupError."""
        row = self.stand_in if name == "stand_in" else self.hold
        if row is None:
            raise LookupError(name)
        return row

    def with_row(self, name: str, row: Hold) -> ModelState:
        """Return the state with a row of the register changed."""
        return replace(self, stand_in=row) if name == "stand_in" else replace(self, hold=row)

    def rows(self) -> list[tuple[str, Hold]]:
        """Return the rows of the register by name."""
        stand_in = [("stand_in", self.stand_in)] if self.stand_in else []
        return [("hold", self.hold), *stand_in]

    def is_open(self) -> bool:
        """Return whether settle has something to finish or to close."""
        return any(row.change or row.claim for _name, row in self.rows())

    def forward(self, seconds: float) -> ModelState:
        """Return the state so many seconds later; an unanswered write lands in time or never."""
        now = self.now + timedelta(seconds=seconds)
        late = self.late
        if late is not None and late.by is not None and late.by <= now:
            late = None
        return replace(self, now=now, late=late)


def held_row(slot: SlotHold) -> Hold:
    """Return the row of a hold that stands at cal.com."""
    return Hold(
        State.HELD, slot.event_type_id, slot.slot_start, slot.slot_end, "uid-0", slot.held_until
    )


def placing_row(slot: SlotHold, minutes: int) -> Hold:
    """Return the row of a hold that is being asked for."""
    slot_columns = (slot.event_type_id, slot.slot_start, slot.slot_end)
    return Hold(State.PLACING, *slot_columns, reservation_duration=minutes)
