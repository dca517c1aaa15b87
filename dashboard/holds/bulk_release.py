"""Release several holds in one request: one after the other, and a result for each."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dashboard.accounts.actors import Actor
from dashboard.holds import messages, safety, services
from dashboard.holds.clock import Clock
from dashboard.holds.loading import load
from dashboard.holds.models import Hold
from dashboard.holds.operation import Action, Operation
from dashboard.holds.problems import HoldError, Outcome
from dashboard.holds.states import State

# Calls left for colleagues' single actions, who are with a client too.
KEPT_FOR_OTHERS = 10
# Seconds after which no further one is begun: the person waits for the answer, and so does a proxy.
SECONDS = 45.0


class BulkResult(StrEnum):
    RELEASED = "released"
    RELEASED_BEFORE = "released_before"  # by a colleague, or by the same form
    WAS_GONE = "was_gone"  # cal.com did not have it any more
    REFUSED = "refused"
    NOT_DONE = "not_done"  # certainly not: no room, no connection; to be tried again
    UNKNOWN = "unknown"


RESULT_OF_OUTCOME = {
    Outcome.REFUSED: BulkResult.REFUSED,
    Outcome.UNAVAILABLE: BulkResult.NOT_DONE,
    Outcome.UNKNOWN: BulkResult.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """One of several: the hold as it is now, what became of it, and why."""

    hold: Hold
    result: BulkResult
    error: HoldError | None = None


def release_many(
    *,
    hold_ids: Iterable[int],
    by: Actor,
    reason: str = "",
    note: str = "",
    versions: Mapping[int, int] | None = None,
    now: datetime,
) -> list[ReleaseResult]:
    """Release each of these holds, in order, as far as rate and time allow. One result each.

    A failure of one does not stop the next. ``versions`` are those that the person's page
    showed. Raises Hold.DoesNotExist.
    """
    clock = Clock(now)
    stop_at = time.monotonic() + SECONDS
    asked = services.without_none(reason=reason or None)
    results = []
    for hold_id in dict.fromkeys(hold_ids):
        version = (versions or {}).get(hold_id)
        operation = Operation(Action.RELEASE, by=by, hold_id=hold_id, asked=asked, now=clock.now())
        try:
            with operation:
                hold = load(operation, hold_id)
                if time.monotonic() > stop_at and not hold.is_released:
                    safe = safety.still_yours(hold, operation.cal_now())
                    raise messages.refusal("no_time", hold=hold, safe=safe)
                result = release_one(operation, hold, reason, note, version)
        except HoldError as error:
            hold = error.hold or Hold.objects.with_people().get(pk=hold_id)
            result = ReleaseResult(hold, RESULT_OF_OUTCOME[error.outcome], error)
            if hold.is_released:
                result = ReleaseResult(hold, BulkResult.RELEASED_BEFORE)
        results.append(result)
    return results


def release_one(
    operation: Operation, hold: Hold, reason: str, note: str, version: int | None
) -> ReleaseResult:
    """Release one of several holds. Raises HoldError."""
    if hold.is_released:
        return ReleaseResult(hold, BulkResult.RELEASED_BEFORE)
    hold = services.release_loaded(
        operation,
        hold,
        reason=reason,
        note=note,
        version=version,
        reserve_for_others=KEPT_FOR_OTHERS,
    )
    is_released = hold.state in (State.RELEASED, State.BOOKED)
    return ReleaseResult(hold, BulkResult.RELEASED if is_released else BulkResult.WAS_GONE)
