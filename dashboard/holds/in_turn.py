"""Change several holds in one request, one after the other: each has a result of its own."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.accounts.actors import Actor
from dashboard.audit.trail import Action
from dashboard.calcom_state import rate_and_clock
from dashboard.calcom_state.clock import Clock
from dashboard.holds import messages, safety
from dashboard.holds.loading import load, require_changeable
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.holds.states import State

# Calls of the allowance that are left for colleagues' single actions: they have clients too.
KEPT_FOR_OTHERS = 10
# Seconds after which no further one is begun: the person waits for the answer, and so does a proxy.
BULK_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """One of several: the hold as it is now, and why it was not changed.

    ``was_done`` tells that a colleague, or the same form, had done it before.
    """

    hold: Hold
    error: HoldError | None = None
    was_done: bool = False


def change_in_turn(
    action: Action,
    hold_ids: Iterable[int],
    change: Callable[[Operation, Hold], Hold],
    *,
    calls: int,
    by: Actor,
    asked: dict[str, Any],
    versions: Mapping[int, int],
    is_done: Callable[[Hold], bool] = lambda _hold: False,
    now: datetime,
) -> list[ChangeResult]:
    """Change each of these holds, in order, as far as rate and time allow. One result each.

    A failure of one does not stop the next, unless cal.com hangs. Each change needs so many
    ``calls``. ``versions`` are those that the person's page showed. Where ``is_done`` of the loaded
    hold, there is nothing to change. Raises Hold.DoesNotExist.
    """
    clock = Clock(now)
    stop_at = time.monotonic() + BULK_SECONDS
    results: list[ChangeResult] = []
    for hold_id in dict.fromkeys(hold_ids):
        operation = Operation(action, by=by, hold_id=hold_id, asked=asked, now=clock.now())
        try:
            with operation:
                hold = load(operation, hold_id)
                was_done = is_done(hold)
                if not was_done:
                    hangs = bool(results) and rate_and_clock.hangs()
                    if hangs or time.monotonic() > stop_at:
                        safe = safety.still_yours(hold, operation.cal_now())
                        raise messages.refusal("no_time", hold=hold, safe=safe)
                    version = versions.get(hold_id)
                    require_changeable(operation, hold, version=version, states={State.HELD})
                    operation.require_calls(calls, hold, for_others=KEPT_FOR_OTHERS)
                    hold = change(operation, hold)
            results.append(ChangeResult(hold, was_done=was_done))
        except HoldError as error:
            hold = error.hold or Hold.objects.with_people().get(pk=hold_id)
            if is_done(hold):
                results.append(ChangeResult(hold, was_done=True))
            else:
                results.append(ChangeResult(hold, error))
    return results
