"""The writes of a process to the register: before a call, at its end, after losing its claim.

It mirrors ``runner`` and ``operation`` without a database.
"""

from dashboard.holds import hold_fields
from dashboard.holds.change import Change, Phase, settled_by
from dashboard.holds.states import State
from dashboard.holds.steps import Done, Swap
from tests.holds.model.calcom import replace
from tests.holds.model.register import ModelState, Run

STANDING = {State.HELD, State.EXPIRED}


def commit(state: ModelState, run: Run) -> tuple[ModelState, Run] | None:
    """Write down what the register must know before the call; None where the claim is lost."""
    row = state.row(run.on)
    if isinstance(run.step, Swap):
        swapped = swap(state, run, run.step)
        return swapped and (swapped, run)
    fields = getattr(run.step, "fields", {})
    if not fields or (not run.has_sent and fields.keys() == {"change"}):
        return state, run
    if row.claim != run.claim:
        return None
    row = row.with_fields(fields)
    journal = row.change if "change" in fields else run.journal
    return state.with_row(run.on, row), replace(run, journal=journal)


def swap(state: ModelState, run: Run, step: Swap) -> ModelState | None:
    """Give the hold the new reservation and the stand-in the old one, about to be deleted."""
    hold, stand_in, old = state.hold, state.row("stand_in"), step.change.origin
    if not hold.claim == stand_in.claim == run.claim:
        return None
    deleting = Change("release", Phase.DELETING, old, old, settled_by(state.now))
    gets_old = {
        "state": State.HELD,
        "reservation_uid": hold.reservation_uid,
        "event_type_id": old.event_type_id,
        "slot_start": old.slot_start,
        "slot_end": old.slot_end,
        "held_until": old.held_until,
        "change": deleting.to_json(),
    }
    gets_new = hold_fields.confirmed(step.reservation)
    return replace(state, hold=hold.with_fields(gets_new), stand_in=stand_in.with_fields(gets_old))


def record(state: ModelState, run: Run, done: Done) -> ModelState:
    """Record the end of a run, and end its claim."""
    run = replace(run, step=done)
    rows = {run.on: done.fields}
    if done.stand_in is not None:
        rows["stand_in"] = done.stand_in
    if any(state.row(name).claim != run.claim for name in rows):
        return lose_claim(state, run)
    for name, fields in rows.items():
        state = state.with_row(name, replace(state.row(name).with_fields(fields), claim=None))
    return replace(state, run=None)


def lose_claim(state: ModelState, run: Run) -> ModelState:
    """End a run whose claim was closed: keep a new uid, and have the hold looked at again."""
    step = run.step
    if isinstance(step, Swap):
        state = rescue(state, "stand_in", hold_fields.confirmed(step.reservation))
    if isinstance(step, Done) and step.fields.get("reservation_uid"):
        state = rescue(state, run.on, step.fields)
    row = state.row(run.on)
    stands = row.state in STANDING and row.reservation_uid is not None and row.change is None
    if run.journal is not None and stands and not row.is_claimed(state.now):
        change = replace(run.journal, settled_by=settled_by(state.now))
        state = state.with_row(run.on, replace(row, change=change))
    return replace(state, run=None)


def rescue(state: ModelState, name: str, fields: hold_fields.Fields) -> ModelState:
    row = state.row(name)
    if row.reservation_uid is not None:
        return state
    if row.state not in {State.PLACING, State.UNCONFIRMED, State.EXPIRED}:
        return state
    return state.with_row(name, replace(row.with_fields(fields), claim=None))
