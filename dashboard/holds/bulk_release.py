"""Releasing several holds in one request: one after the other, and a result for each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.holds import messages, rate_and_clock, services, settle, starting
from dashboard.holds.calls import Stopwatch
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome

State = Hold.State

# Calls left for the other people's single actions, who are with a client too.
KEPT_FOR_OTHERS = 10
# Seconds after which no further one is begun: the person waits for the answer, and so does a proxy.
LASTS = 45.0


class Ending(StrEnum):
    """What came of one of several."""

    RELEASED = "released"
    RELEASED_BEFORE = "released_before"  # by somebody else, or by the same form
    WAS_GONE = "was_gone"  # cal.com did not have it any more
    REFUSED = "refused"
    NOT_DONE = "not_done"  # certainly not: no room, no connection; to be tried again
    UNKNOWN = "unknown"


OF_OUTCOME = {
    Outcome.REFUSED: Ending.REFUSED,
    Outcome.UNAVAILABLE: Ending.NOT_DONE,
    Outcome.UNKNOWN: Ending.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One of several: the hold as it is now, what came of it, and why."""

    hold: Hold
    ending: Ending
    error: HoldError | None = None


def release(
    *,
    hold_ids: Iterable[int],
    by: Actor,
    reason: str = "",
    note: str = "",
    versions: Mapping[int, int] | None = None,
    now: datetime,
) -> list[Row]:
    """Release each of these holds, in order, as far as rate and time allow. One row for each.

    A failure of one never keeps the next from being tried. ``versions`` are those that the
    person's page showed. Raises Hold.DoesNotExist.
    """
    watch = Stopwatch(now)
    give_up = time.monotonic() + LASTS
    seen = versions or {}
    return [
        _release(
            hold_id,
            by=by,
            reason=reason,
            note=note,
            version=seen.get(hold_id),
            late=time.monotonic() > give_up,
            now=watch.now(),
        )
        for hold_id in dict.fromkeys(hold_ids)
    ]


def _release(
    hold_id: int,
    *,
    by: Actor,
    reason: str,
    note: str,
    version: int | None,
    late: bool,
    now: datetime,
) -> Row:
    settle.bring_to_rest(hold_id, now)
    hold = starting.fetch(hold_id)
    if hold.state == State.RELEASED:
        return Row(hold, Ending.RELEASED_BEFORE)
    try:
        if late:
            _give_up(hold, by=by, now=now)
        done = services.release(
            hold_id=hold_id,
            by=by,
            reason=reason,
            note=note,
            version=version,
            spare=KEPT_FOR_OTHERS,
            now=now,
        )
    except HoldError as error:
        return Row(starting.fetch(hold_id), OF_OUTCOME[error.outcome], error)
    return Row(done, Ending.RELEASED if done.state == State.RELEASED else Ending.WAS_GONE)


def _give_up(hold: Hold, *, by: Actor, now: datetime) -> None:
    """Raises HoldError."""
    with starting.attempt(AuditEntry.Action.RELEASE, by=by, hold_id=hold.pk, asked={}, now=now):
        raise messages.no_time(hold, rate_and_clock.cal_now(now))
