"""The four reservation endpoints of cal.com, called on behalf of one operation."""

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.calcom import (
    CalcomError,
    Cause,
    Refused,
    Reservation,
    Unavailable,
    Unknown,
    endpoints,
)
from dashboard.calcom_state import calcom_client
from dashboard.holds import messages, safety
from dashboard.holds.message_table import NOTHING_CHANGED
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.slots import SlotHold, minutes_until
from dashboard.holds.steps import outcome_of

# Tries of a call that may be repeated, before no answer is the result.
GET_TRIES = 2
DELETE_TRIES = 3


def reserve(operation: Operation, slot: SlotHold, minutes: int) -> Reservation:
    """POST the slot for so many minutes from now. Raises CalcomError."""
    return operation.send(
        endpoints.reserve(
            event_type_id=slot.event_type_id,
            slot_start=slot.slot_start,
            slot_duration=slot.slot_duration,
            reservation_duration=at_most(minutes, slot, operation),
        )
    )


def get(operation: Operation, uid: str, *, tries: int = GET_TRIES) -> Reservation | None:
    """GET, sent again where the connection broke, or it may be outdated. Raises Unavailable."""
    try:
        found = operation.send(endpoints.get(uid=uid))
        if found is not None or tries == 1 or not operation.wait_for_replica():
            return found
    except Unavailable as error:
        if error.cause is not Cause.UNANSWERED or tries == 1 or not may_repeat(operation, error):
            raise
    return get(operation, uid, tries=tries - 1)


def update(operation: Operation, uid: str, slot: SlotHold) -> Reservation:
    """PATCH to the slot until its end, again if its refusal may be outdated. Raises CalcomError."""
    minutes = minutes_until(slot.held_until, operation.cal_now())
    call = endpoints.update(
        uid=uid,
        event_type_id=slot.event_type_id,
        slot_start=slot.slot_start,
        slot_duration=slot.slot_duration,
        reservation_duration=at_most(minutes, slot, operation),
    )
    try:
        return operation.send(call)
    except Refused as error:
        if error.cause is not Cause.UNKNOWN_RESERVATION or not operation.wait_for_replica():
            raise
    return operation.send(call)


def at_most(minutes: int, slot: SlotHold, operation: Operation) -> int:
    """Return no more minutes than were left until the slot's end when the action began.

    A wrong ``Date`` in an answer sets cal.com's clock back, and would add years to them.
    """
    if slot.held_until <= operation.began_at:  # by a clock that was wrong then
        return minutes
    return min(minutes, minutes_until(slot.held_until, operation.began_at))


def delete(operation: Operation, uid: str, *, tries: int = DELETE_TRIES) -> None:
    """DELETE, sent again where that may bring an answer. Raises CalcomError.

    A later refusal says nothing of the first DELETE, which may have been done: that stays Unknown.
    """
    try:
        operation.send(endpoints.delete(uid=uid))
    except Unknown as unanswered:
        if tries == 1 or not may_repeat(operation, unanswered):
            raise
        try:
            delete(operation, uid, tries=tries - 1)
        except (Refused, Unavailable) as error:
            raise unanswered from error


def may_repeat(operation: Operation, error: CalcomError) -> bool:
    """Return whether there is time for a call again, and it is not likely to hang as this one."""
    return error.exchange.milliseconds < calcom_client.SILENT and operation.has_time_for(1)


@contextmanager
def hold_error_on_failure(operation: Operation, hold: Hold | None) -> Iterator[None]:
    """End the action and raise HoldError where a GET, of this hold if any, brings a CalcomError."""
    try:
        yield
    except CalcomError as error:
        operation.finish(outcome_of(error), after={})
        safe = safety.still_yours(hold, operation.cal_now()) if hold else str(NOTHING_CHANGED)
        raise messages.call_failed(error, safe=safe, hold=hold) from error
