"""Release several holds in one request: one after the other, and a result for each."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.accounts.actors import Actor
from dashboard.holds import messages, safety, services
from dashboard.holds.clock import Clock
from dashboard.holds.loading import load
from dashboard.holds.models import Hold
from dashboard.holds.operation import Action, Operation
from dashboard.holds.problems import HoldError

# Calls left for colleagues' single actions, who are with a client too.
KEPT_FOR_OTHERS = 10
# Seconds after which no further one is begun: the person waits for the answer, and so does a proxy.
SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """One of several: the hold as it is now, and why it was not released.

    ``was_released`` tells that a colleague, or the same form, had released it before.
    """

    hold: Hold
    error: HoldError | None = None
    was_released: bool = False


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
        operation = Operation(Action.RELEASE, by=by, hold_id=hold_id, asked=asked, now=clock.now())
        try:
            with operation:
                hold = load(operation, hold_id)
                was_released = hold.is_released
                if not was_released and time.monotonic() > stop_at:
                    safe = safety.still_yours(hold, operation.cal_now())
                    raise messages.refusal("no_time", hold=hold, safe=safe)
                if not was_released:
                    hold = services.release_loaded(
                        operation,
                        hold,
                        reason=reason,
                        note=note,
                        version=(versions or {}).get(hold_id),
                        reserve_for_others=KEPT_FOR_OTHERS,
                    )
            results.append(ReleaseResult(hold, was_released=was_released))
        except HoldError as error:
            hold = error.hold or Hold.objects.with_people().get(pk=hold_id)
            if hold.is_released:
                results.append(ReleaseResult(hold, was_released=True))
            else:
                results.append(ReleaseResult(hold, error))
    return results
