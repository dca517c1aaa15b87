"""Turn the end of a change into the hold, or into the error that a verb raises."""

from datetime import datetime, timedelta
from http import HTTPStatus

from dashboard.audit.trail import Outcome
from dashboard.calcom import Cause, EventTypeKind, Refused
from dashboard.calcom_state import event_types
from dashboard.calendars import catalogue
from dashboard.holds import messages, safety
from dashboard.holds.change import Change, Phase
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.holds.runner import run
from dashboard.holds.states import State
from dashboard.holds.steps import Done, Result

MOST_OTHERS = 5
TAKES_A_TIME = {Phase.PLACING, Phase.REPLACING, Phase.PATCHING, Phase.PARKING, Phase.UNDOING}


def carry_out(operation: Operation, hold: Hold, change: Change) -> Hold:
    """Run a change, and return its hold. Raises HoldError for any other end than done."""
    done = run(operation, hold, change)
    if done.outcome is Outcome.OK:
        return hold
    raise error_of(operation, hold, done) from done.error


def error_of(operation: Operation, hold: Hold, done: Done) -> HoldError:
    """Word the end of a change: what happened, is the hold safe, what now."""
    cal_now, others = operation.cal_now(), in_the_way(operation, hold, done)
    match done.result:
        case Result.RETAKE_NEEDED if not others:  # whose times would be in its way, too
            return retake_offer(operation, hold, done)
        case Result.UNCHANGED if fills_its_time(hold, done, cal_now):
            return retake_offer(operation, hold, done)
        case Result.VANISHED:
            return messages.refusal("has_ended", hold=hold)
        case Result.LOST if done.error:
            return messages.lost(hold, str(done.error.cause), done.error.message)
    if done.error is None:
        raise RuntimeError(f"a change ended as {done.result} without an error")
    kind = hold.event_type_kind
    if done.change.target.event_type_id != hold.event_type_id:
        kind = event_types.kind_of(catalogue.event_type(done.change.target.event_type_id))
    failure = messages.call_failed(
        done.error,
        safe=safety_after(hold, done, cal_now),
        hold=hold,
        others=others,
        kind=kind,
        extends=done.change.verb == "extend",
    )
    failure.outcome = done.outcome
    return failure


def safety_after(hold: Hold, done: Done, cal_now: datetime) -> str:
    """Return whether the hold is safe after a change that ended with an error."""
    match done.result:
        case Result.UNSETTLED:
            return safety.not_confirmed_yet(hold, done.change, cal_now)
        case Result.UNCONFIRMED:
            return safety.unconfirmed(hold)
        case Result.SECOND_UNCONFIRMED:
            latest = (done.stand_in or {})["latest_end"]
            still = safety.still_yours(hold, cal_now)
            return f"{still} {safety.second_possibly_held(latest)}"
        case Result.NOT_PLACED:
            return safety.nothing_held()
        case _:
            return safety.still_yours(hold, cal_now)


def retake_offer(operation: Operation, hold: Hold, done: Done) -> HoldError:
    safe = safety.still_yours(hold, operation.cal_now())
    offer = messages.refusal("retake_needed", hold=hold, safe=safe)
    # Whole minutes from just after the begin; cal.com's clock may have moved back since.
    minutes = (done.change.target.held_until - operation.began_at) // timedelta(minutes=1)
    offer.retake_minutes = minutes
    return offer


def fills_its_time(hold: Hold, done: Done, cal_now: datetime) -> bool:
    """Return whether no host is left beside the hold itself, which a new one was to replace.

    So it is for round robin with fixed hosts, or where all are taken. Without any host (400) a new
    one would be refused as well.
    """
    change, error = done.change, done.error
    if change.phase is not Phase.REPLACING or not change.keeps_slot(cal_now) or error is None:
        return False
    if error.cause is Cause.ALREADY_RESERVED:
        return hold.event_type_kind == EventTypeKind.ROUND_ROBIN
    return (
        error.cause is Cause.NO_HOSTS and error.exchange.status == HTTPStatus.UNPROCESSABLE_ENTITY
    )


def in_the_way(operation: Operation, hold: Hold, done: Done) -> list[Hold]:
    """Return other holds of the register at that time: the first thing to know after a refusal.

    One whose answer never came is among them: a second try is often refused by the first.
    """
    if not isinstance(done.error, Refused) or done.change.phase not in TAKES_A_TIME:
        return []
    slot = done.change.target
    there = Hold.objects.overlapping(slot.slot_start, slot.later_end)
    there = there.filter(event_type_id=slot.event_type_id).exclude(pk=hold.pk)
    answered = there.filter(state__in=(State.HELD, State.UNCONFIRMED))
    others = answered.select_related("holder").order_by("pk")
    return [other for other in others if other.keeps_slot(operation.cal_now())][:MOST_OTHERS]
