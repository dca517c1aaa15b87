"""How a verb begins: may it, is the hold free, is there rate room; then claim and intent."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from dashboard.audit import trail
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.holds import calls, claims, messages, rate_and_clock, rules
from dashboard.holds.claims import Asking, BeingAskedError, NotClaimedError
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError

# How long somebody waits for a colleague who is asking for the same time, in seconds.
PATIENCE = 2.0
PAUSE = 0.05

Claim = Callable[[uuid.UUID, datetime], Hold]


@contextmanager
def attempt(
    action: AuditEntry.Action,
    *,
    by: Actor | None,
    hold_id: int | None,
    asked: dict[str, Any],
    now: datetime,
) -> Iterator[None]:
    """Record what is refused before anything is asked of cal.com."""
    try:
        yield
    except HoldError as error:
        with transaction.atomic(durable=True):
            trail.event(
                action=action,
                by=by,
                outcome=error.outcome,
                hold_id=hold_id,
                asked=asked,
                error_code=str(error.cause),
                message=error.logged,
                now=now,
            )
        raise


def fetch(hold_id: int) -> Hold:
    """The hold as it is in the register. Raises Hold.DoesNotExist."""
    return Hold.objects.select_related("holder", "claim_by").get(pk=hold_id)


def ready(hold_id: int, *, by: Actor, version: int | None, at: datetime, now: datetime) -> Hold:
    """The hold, if this person may change it now and it is as their page showed it.

    Raises HoldError, Hold.DoesNotExist.
    """
    hold = fetch(hold_id)
    rules.may_act(hold, by)
    if hold.is_claimed(now):
        raise messages.being_changed(hold)
    if hold.change is not None:
        raise messages.being_settled(hold)
    if version is not None and version != hold.version:
        raise messages.changed_meanwhile(hold, at)
    return hold


def room_for(calls_needed: int, *, known: Upstream, now: datetime, safe: str) -> None:
    """Raises HoldError when the last known rate allowance does not cover so many calls."""
    wait = known.seconds_to_wait(calls_needed, now)
    if wait is not None:
        raise messages.no_room(None, wait, safe=safe)


def claiming(
    hold: Hold,
    *,
    verb: str,
    by: Actor | None,
    watch: calls.Stopwatch,
    asking: Asking | None = None,
    change: dict[str, Any] | None = None,
    first: Claim | None = None,
    last: Callable[[], None] | None = None,
) -> Claim:
    """What ``begin`` does inside its transaction to take an existing hold.

    The event type's row always comes before the hold's, so that no two wait for each other;
    ``first`` is what takes it where a stand-in does the asking, ``last`` may still refuse.
    """

    def claim(claim_id: uuid.UUID, until: datetime) -> Hold:
        now = watch.now()
        if first is not None:
            first(claim_id, until)
        if asking is not None:
            claims.ask(asking, now=now, but=hold.pk)
        claims.claim(
            hold,
            verb=verb,
            by=by.user if by else None,
            claim_id=claim_id,
            until=until,
            asking=asking,
            change=change,
            now=now,
        )
        if last is not None:
            last()
        return hold

    return claim


def begin(
    *,
    action: AuditEntry.Action,
    by: Actor | None,
    asked: Mapping[str, Any],
    before: dict[str, Any],
    first: tuple[str, str],
    planned: int,
    known: Upstream,
    watch: calls.Stopwatch,
    claim: Claim,
    hold_id: int | None = None,
    reason: str = "",
) -> calls.Action:
    """Claim and intent. Waits for a colleague who asks for the same time at this moment.

    Raises HoldError when the colleague takes longer, or when the hold was taken meanwhile.
    """
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            return calls.begin(
                action=action,
                by=by,
                asked=dict(asked),
                before=before,
                method=first[0],
                path=first[1],
                calls=planned,
                known=known,
                watch=watch,
                hold=claim,
                reason=reason,
            )
        except BeingAskedError as busy:
            if time.monotonic() > patience:
                raise messages.being_asked(busy.other) from busy
        except NotClaimedError as late:
            raise _taken(hold_id, rate_and_clock.cal_now(watch.now()), watch.now()) from late
        time.sleep(PAUSE)


def _taken(hold_id: int | None, at: datetime, now: datetime) -> HoldError:
    if hold_id is None:
        raise ValueError("only an existing hold can be claimed by somebody else")
    hold = fetch(hold_id)
    if hold.is_claimed(now):
        return messages.being_changed(hold)
    return messages.changed_meanwhile(hold, at)
