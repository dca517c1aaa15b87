"""Perform the steps of a change: the one runner that verbs and ``settle`` share.

A change survives a kill, since its phase, origin and target are committed to ``Hold.change`` before
each PATCH or DELETE: by ``Operation.start``, then by ``prepare``. For a POST the row itself does
that, as *placing*. Once the claim has ended, ``settle`` asks where the reservation is (GET). An
extension that is found parked gets the PATCH to its target. Where it is found at its target or its
origin, that is recorded; the origin only from ``Change.settled_by`` on, when no PATCH that was sent
can land any more.
"""

import time
from dataclasses import asdict, dataclass

from dashboard.audit.trail import Outcome
from dashboard.calcom import CalcomError
from dashboard.calcom_state import event_types, rate_and_clock
from dashboard.holds import claims, database_connection, hold_fields, reservations
from dashboard.holds.change import Change, Phase, settled_by
from dashboard.holds.claims import ClaimLostError
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.seen import (
    Accepted,
    Asked,
    Begin,
    Failed,
    Found,
    Look,
    NotSeen,
    OutOfTime,
    Seen,
)
from dashboard.holds.states import State
from dashboard.holds.steps import Ask, Delete, Done, Get, Patch, Post, Step, Swap, Wait
from dashboard.holds.transitions import next_step

# Which way a change went, for the log.
WAYS = {Phase.PARKING: "park and return", Phase.REPLACED: "new first", Phase.RETAKING: "retake"}


@dataclass
class Budget:
    """The calls that a run may still send; its claim limits the time of a verb anyway."""

    gets: int = 100
    writes: int = 100
    get_tries: int = reservations.GET_TRIES
    delete_tries: int = reservations.DELETE_TRIES

    def covers(self, step: Step, operation: Operation) -> bool:
        """Take the step's call out of the budget; False when there is no room for it."""
        match step:
            case Get():
                self.gets -= 1
                return self.gets >= 0
            case Patch() | Post() | Delete() | Swap():
                self.writes -= 1
                return self.writes >= 0
            case Ask():
                return operation.has_time_for(1)
            case Wait(seconds=seconds):
                room = min(self.gets, self.writes) > 0
                return room and operation.has_time_for(2, after=seconds)
        return True


def run(operation: Operation, hold: Hold, change: Change) -> Done:
    """Perform the change step by step, and record how it ended.

    A change taken up from the register begins with a look, and gets one write after it: what
    cannot be done then is left for the next time. Raises ClaimLostError.
    """
    budget = Budget(1, 1, get_tries=1, delete_tries=1) if change.resumed else Budget()
    seen: Seen = Look() if change.resumed else Begin()
    while True:
        step = next_step(change, seen, operation.cal_now())
        change = step.change
        if change.shows_self_overlap:
            until = operation.now() + rate_and_clock.SELF_OVERLAP_IS_BELIEVED
            operation.upstream.learn(self_overlap_until=until)
        if isinstance(step, Done):
            record(operation, hold, step)
            return step
        if not change.resumed:  # settle goes no way of its own
            operation.log.way = WAYS.get(change.phase, operation.log.way)
        if budget.covers(step, operation):
            seen = perform(operation, hold, step, budget)
        else:
            seen = OutOfTime()


def perform(operation: Operation, hold: Hold, step: Step, budget: Budget) -> Seen:
    """Send the step's call, and return what it brought."""
    uid, stand_in = hold.reservation_uid or "", operation.stand_in
    match step:
        case Wait(seconds=seconds, then=then):
            time.sleep(seconds)
            database_connection.renew()
            return then
        case Ask():
            is_steady = not operation.clock.has_stepped()
            is_answered = rate_and_clock.ask(operation.upstream, learns_clock=is_steady)
            database_connection.renew()
            return Asked(is_answered)
        case Get():
            try:
                return Found(reservations.get(operation, uid, tries=budget.get_tries))
            except CalcomError as error:
                return NotSeen(error)
        case Swap() if stand_in is not None:
            swap(operation, hold, stand_in, step)
        case Patch() | Post() | Delete():
            prepare(operation, hold, step.fields)
    try:
        match step:
            case Patch(slot=slot):
                return Accepted(reservations.update(operation, uid, slot))
            case Post(change=change):
                return Accepted(reservations.reserve(operation, change.target, change.minutes))
            case _:
                reservations.delete(operation, uid, tries=budget.delete_tries)
    except CalcomError as error:
        return Failed(error)
    except ClaimLostError:
        if isinstance(step, Swap) and stand_in is not None:
            rescue(operation, stand_in, hold_fields.confirmed(step.reservation))
        raise
    return Accepted(None)


def prepare(operation: Operation, hold: Hold, fields: Fields) -> None:
    """Write what the register must know before the call; ``start`` wrote the first change."""
    if fields and (operation.has_sent or fields.keys() != {"change"}):
        operation.write(hold, fields)


def swap(operation: Operation, hold: Hold, stand_in: Hold, step: Swap) -> None:
    """Give the hold the new reservation, and the stand-in the old one, about to be deleted."""
    old = step.change.origin
    deleting = Change("release", Phase.DELETING, old, old, settled_by(operation.cal_now()))
    gets_old = {
        **asdict(old),
        **event_type_columns(hold),
        "state": State.HELD,
        "reservation_uid": hold.reservation_uid,
        "change": deleting.to_json(),
        "end_reason": "replaced",
    }
    gets_new = {
        **hold_fields.confirmed(step.reservation),
        **event_type_columns(stand_in),
        "slot_duration": step.change.target.slot_duration,
    }
    operation.write(hold, gets_new)  # first, as the uid is unique
    operation.write(stand_in, gets_old)


def event_type_columns(hold: Hold) -> Fields:
    """Return the columns of ``event_types.columns_of`` as a hold has them."""
    return {name: getattr(hold, name) for name in event_types.columns_of(None)}


def record(operation: Operation, hold: Hold, done: Done) -> None:
    """Record how the change ended, in the register and in the audit. Raises ClaimLostError."""
    if done.fields:
        operation.write(hold, done.fields)
    if operation.stand_in is not None and done.stand_in is not None:
        operation.write(operation.stand_in, done.stand_in | claims.no_claim())
    try:
        reason = done.change.end_reason if done.outcome is Outcome.OK else ""
        operation.finish(done.outcome, cause=done.cause, reason=reason)
    except ClaimLostError:
        if done.fields.get("reservation_uid"):
            rescue(operation, hold, done.fields)
        raise


def rescue(operation: Operation, row: Hold, fields: Fields) -> None:
    """Keep the uid of an answer to a closed claim, unless the reservation was added meanwhile."""
    if Hold.objects.filter(reservation_uid=fields["reservation_uid"]).exists():
        return
    waiting = Hold.objects.filter(
        pk=row.pk, reservation_uid=None, state__in=(State.PLACING, State.UNCONFIRMED, State.EXPIRED)
    )
    waiting.write_rows(fields | claims.no_claim(), now=operation.now())
