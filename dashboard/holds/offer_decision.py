"""Keep one time of an offer and release the rest, in one action.

The one that is kept is claimed first and looked at (GET): what is lost meanwhile is told before
anything else is given up, and no colleague can release it until all is done. Each of the rest is
then released by itself, with an audit and a result of its own, all under one request.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.calcom import CalcomError
from dashboard.holds import (
    bulk_release,
    checks,
    endings,
    messages,
    offers,
    rate_and_clock,
    rules,
    starting,
)
from dashboard.holds.calls import ONE, Action, Stopwatch
from dashboard.holds.checks import Finding
from dashboard.holds.claims import ClaimLostError
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import Outcome

Verb = AuditEntry.Action

# In the audit and on each hold that was released.
REASON = "offer_decided"
# The claim on the kept one outlasts the releases: ``many.LASTS``, one more release begun just
# before its end, and the GET.
PLANNED = 12
ENDED = (Finding.GONE, Finding.EXPIRED)


@dataclass(frozen=True, slots=True)
class Decision:
    """The hold that was kept, and what came of each of the others."""

    kept: Hold
    rows: list[bulk_release.Row]

    @property
    def is_whole(self) -> bool:
        """Whether nothing else of the offer is held any more."""
        return all(row.error is None for row in self.rows)


def keep(
    *,
    offer_id: int,
    hold_id: int,
    by: Actor,
    versions: Mapping[int, int] | None = None,
    now: datetime,
) -> Decision:
    """Keep this hold of the offer and release the others that are still open.

    ``versions`` are those that the person's page showed. Raises HoldError when the one to be
    kept does not stand, with nothing released then; Hold.DoesNotExist.
    """
    watch = Stopwatch(now)
    asked = {"offer": offer_id}
    with starting.attempt(Verb.CHECK, by=by, hold_id=hold_id, asked=asked, now=now):
        known = rate_and_clock.load()
        hold = _to_keep(offer_id, hold_id, by=by, versions=versions or {}, known=known, now=now)
        others = [other.pk for other in offers.still_open(offer_id) if other.pk != hold_id]
        calls = 1 + 2 * len(others) + bulk_release.KEPT_FOR_OTHERS
        safe = messages.still_yours(hold, known.at(now))
        starting.room_for(calls, known=known, now=now, safe=safe)
        action = starting.begin(
            action=Verb.CHECK,
            by=by,
            asked=asked,
            before=endings.snapshot(hold),
            first=("GET", ONE),
            planned=PLANNED,
            known=known,
            watch=watch,
            claim=_deciding(hold, offer_id, by=by, watch=watch),
            hold_id=hold_id,
        )
    _look(action, hold)
    rows = bulk_release.release(
        hold_ids=others, by=by, reason=REASON, versions=versions, now=watch.now()
    )
    _let_go(action)
    return Decision(starting.fetch(hold_id), rows)


def _to_keep(
    offer_id: int,
    hold_id: int,
    *,
    by: Actor,
    versions: Mapping[int, int],
    known: Upstream,
    now: datetime,
) -> Hold:
    at = known.at(now)
    hold = starting.fetch(hold_id)
    rules.may_act(hold, by)
    if hold.offer_id != offer_id:
        raise messages.not_in_offer(hold)
    offers.nobody_decides(offer_id, now=now)
    hold = starting.ready(hold_id, by=by, version=versions.get(hold_id), at=at, now=now)
    if hold.has_ended:
        raise messages.has_ended(hold)
    if hold.reservation_uid is None or hold.held_until is None:
        raise messages.not_confirmed(hold)
    if not hold.is_live(at):
        raise messages.ran_out(hold.held_until)
    return hold


def _deciding(hold: Hold, offer_id: int, *, by: Actor, watch: Stopwatch) -> starting.Claim:
    """Of two who decide at once, only one begins: the offer's own row makes them queue."""
    claim = starting.claiming(hold, verb=offers.DECIDING, by=by, watch=watch)

    def decide(claim_id: uuid.UUID, until: datetime) -> Hold:
        offers.lock(offer_id)
        offers.nobody_decides(offer_id, now=watch.now())
        return claim(claim_id, until)

    return decide


def _look(action: Action, hold: Hold) -> None:
    """Whether cal.com still has what is to be kept. Raises HoldError."""
    try:
        found = action.get(hold.reservation_uid or "")
    except CalcomError as error:
        action.finish(messages.outcome_of(error))
        raise messages.of_call(
            error, safe=messages.still_yours(hold, action.at()), hold=hold
        ) from error
    finding, fields = checks.compare(hold, found, action.at())
    if finding is Finding.SAME:
        # What this answer told of the rate is older than what the releases will tell.
        rate_and_clock.save(action.known)
        return
    # What cal.com changed is for a check of the hold to take over, which the person asks for.
    written = fields if finding in ENDED else {}
    for name, value in written.items():
        setattr(hold, name, value)
    action.finish(Outcome.OK, after={"found": str(finding)}, **written)
    raise messages.has_ended(hold) if finding in ENDED else messages.changed_outside(hold)


def _let_go(action: Action) -> None:
    """The end of the claim on what was kept; nothing of the hold is written."""
    try:
        action.finish(Outcome.OK, after={"found": str(Finding.SAME)})
    except ClaimLostError:
        action.give_up()
