"""Check holds with cal.com (GET), one or several at once."""

import asyncio
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.audit.trail import Action, Outcome
from dashboard.calcom import Answer, CalcomError, EventType, Reservation, endpoints
from dashboard.calcom_state import calcom_client, event_types
from dashboard.calcom_state.rate_and_clock import KEPT_FOR_PEOPLE
from dashboard.calendars import catalogue
from dashboard.holds import claims, hold_fields, messages, reservations, safety
from dashboard.holds.hold_fields import Fields
from dashboard.holds.loading import load, require_quiet
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.holds.slots import is_about
from dashboard.holds.states import State

CONCURRENT_CALLS = 8
# Ends that someone outside Holdfast can undo.
MAY_COME_BACK = (State.EXPIRED, State.GONE)
SLOT_FIELDS = ("event_type_id", "slot_start", "slot_end")


class Comparison(StrEnum):
    SAME = "same"
    MOVED = "moved"  # another time or another end than here: moved outside Holdfast
    GONE = "gone"
    EXPIRED = "expired"
    CHANGED = "changed"  # the hold was changed during the check; nothing was taken over


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A hold after a check: what was found, or why nothing was. ``before`` is as it was here."""

    hold: Hold
    comparison: Comparison | None
    error: HoldError | None = None
    before: Hold | None = None


def check(*, hold_id: int, by: Actor, now: datetime) -> CheckResult:
    """GET the hold and take over what cal.com says. Raises HoldError, Hold.DoesNotExist."""
    with Operation(Action.CHECK, by=by, hold_id=hold_id, now=now) as operation:
        hold = load_checkable(operation, hold_id)
        operation.require_calls(1, hold)
        operation.start_without_claim(hold, method="GET")
        with reservations.hold_error_on_failure(operation, hold):
            found = reservations.get(operation, hold.reservation_uid or "")
        return conclude(operation, hold, found)


def check_many(*, hold_ids: Sequence[int], by: Actor | None, now: datetime) -> list[CheckResult]:
    """Check several holds at once, as far as rate and time allow. One result each, in order."""
    hold_ids = list(dict.fromkeys(hold_ids))
    results: dict[int, CheckResult] = {}
    started: list[tuple[Operation, Hold]] = []
    for hold_id in hold_ids:
        operation = Operation(Action.CHECK, by=by, hold_id=hold_id, now=now)
        hold = None
        try:
            with operation:
                hold = load_checkable(operation, hold_id)
                operation.require_calls(len(started) + 1, hold, for_others=KEPT_FOR_PEOPLE)
                operation.start_without_claim(hold, method="GET")
        except HoldError as error:
            hold = hold or error.hold or Hold.objects.with_people().get(pk=hold_id)
            results[hold_id] = CheckResult(hold, None, error)
        else:
            started.append((operation, hold))
    answers = asyncio.run(get_all([hold.reservation_uid or "" for _operation, hold in started]))
    for (operation, hold), answer in zip(started, answers, strict=True):
        try:
            with operation:  # which another process may have closed
                results[hold.pk] = after_answer(operation, hold, answer)
        except HoldError as error:
            results[hold.pk] = CheckResult(hold, None, error)
    return [results[hold_id] for hold_id in hold_ids]


def after_answer(
    operation: Operation, hold: Hold, answer: Answer[Reservation | None] | CalcomError | None
) -> CheckResult:
    """Take over an answer, None where cal.com was not asked any more. Raises HoldError."""
    if answer is None:
        operation.finish(Outcome.UNAVAILABLE, cause="no_time", after={})
        safe = safety.still_yours(hold, operation.cal_now())
        raise messages.refusal("no_time", hold=hold, safe=safe)
    operation.has_sent = True
    with reservations.hold_error_on_failure(operation, hold):
        found = operation.received(answer)
    return conclude(operation, hold, found)


def load_checkable(operation: Operation, hold_id: int) -> Hold:
    """Return a hold that cal.com can be asked for. Raises HoldError, Hold.DoesNotExist."""
    hold = load(operation, hold_id)
    require_quiet(operation, hold)
    if hold.has_ended and (hold.reservation_uid is None or hold.state not in MAY_COME_BACK):
        raise messages.refusal("has_ended", hold=hold)
    if hold.reservation_uid is None:
        raise messages.not_confirmed(hold)
    return hold


# --- Calls in parallel ------------------------------------------------------------------------


async def get_all(uids: Sequence[str]) -> list[Answer[Reservation | None] | CalcomError | None]:
    """GET several reservations, at most CONCURRENT_CALLS at a time; an error is an answer too.

    None stands for one that was not asked for, because the others took too long.
    """
    limit = asyncio.Semaphore(CONCURRENT_CALLS)
    stop_at = time.monotonic() + calcom_client.PAGE_SECONDS

    async def get(uid: str) -> Answer[Reservation | None] | CalcomError | None:
        async with limit:
            if time.monotonic() > stop_at:
                return None
            return await client.answer_to(endpoints.get(uid=uid))

    async with calcom_client.new_async_client() as client:
        return await asyncio.gather(*map(get, uids))


# --- Record -----------------------------------------------------------------------------------


def conclude(operation: Operation, hold: Hold, found: Reservation | None) -> CheckResult:
    """Take over what was found, if the hold is still as it was before."""
    before = copy(hold)
    comparison, fields = compare_current(operation, hold, found)
    is_unchanged = True
    with transaction.atomic(durable=True):
        if fields:
            is_unchanged = claims.update_unclaimed(hold, fields, now=operation.now())
        after = {"found": str(comparison)}
        if fields and is_unchanged and comparison is not Comparison.SAME:
            after |= hold.snapshot()
        operation.record_outcome(Outcome.OK, after=after)
    hold = Hold.objects.with_people().get(pk=hold.pk)
    return CheckResult(hold, comparison if is_unchanged else Comparison.CHANGED, before=before)


def compare_current(
    operation: Operation, hold: Hold, found: Reservation | None
) -> tuple[Comparison, Fields]:
    """Compare what was found, asked for anew where a replica may lack the hold's last change."""
    comparison, fields = compare(hold, found, operation.cal_now())
    if fields and operation.wait_for_replica():
        with reservations.hold_error_on_failure(operation, hold):
            found = reservations.get(operation, hold.reservation_uid or "", tries=1)
        comparison, fields = compare(hold, found, operation.cal_now())
    if found is not None and comparison is Comparison.MOVED:
        fields |= describe(found, catalogue.event_type(found.event_type_id))
    return comparison, fields


def compare(hold: Hold, found: Reservation | None, cal_now: datetime) -> tuple[Comparison, Fields]:
    """Return what cal.com's answer means for a hold without a claim, and the columns to write."""
    unsure = hold.state == State.UNCONFIRMED
    if found is None or found.reservation_until <= cal_now:
        may_live = unsure or hold.state == State.GONE or hold.is_live(cal_now)
        comparison = Comparison.GONE if found is None and may_live else Comparison.EXPIRED
        state = State.GONE if comparison is Comparison.GONE else State.EXPIRED
        when = cal_now if found is None else found.reservation_until
        return comparison, {} if hold.has_ended else hold_fields.ended(state, when)
    fields = hold_fields.held(found)
    if all(getattr(hold, name) == value for name, value in fields.items()):
        return Comparison.SAME, {}
    same_slot = all(getattr(hold, name) == fields[name] for name in SLOT_FIELDS)
    if same_slot and (unsure or is_about(hold.held_until, found.reservation_until)):
        return Comparison.SAME, fields
    return Comparison.MOVED, fields


def describe(found: Reservation, event_type: EventType | None) -> dict[str, Any]:
    """Return the columns of a hold that tell its event type, and which of its lengths it has."""
    has_options = bool(event_type and event_type.length_options)
    length = found.slot_duration if has_options else None
    return event_types.columns_of(event_type) | {"slot_duration": length}
