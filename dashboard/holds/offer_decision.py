"""Start an offer, and keep one of its times while the rest is released.

The hold that is kept is claimed first and looked at (GET): what is lost meanwhile is told before
anything else is given up, and no colleague can release it until all is done. Each of the rest is
then released by itself, with an audit and a result of its own, all under one request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.audit.trail import Action, Outcome
from dashboard.calcom_state import rate_and_clock
from dashboard.holds import messages, offers, reservations
from dashboard.holds.checks import Comparison, compare_current
from dashboard.holds.claims import ClaimLostError
from dashboard.holds.in_turn import KEPT_FOR_OTHERS, ChangeResult
from dashboard.holds.loading import load, require_changeable
from dashboard.holds.models import Hold, Offer
from dashboard.holds.operation import Operation
from dashboard.holds.services import release_many
from dashboard.holds.states import State

# The reason in the audit and on each hold that is released.
REASON = "offer_decided"
# The claim on the kept hold outlasts the releases (in_turn.BULK_SECONDS), one more that began just
# before their end, and the GET.
CALLS = 12


@dataclass(frozen=True, slots=True)
class Decision:
    """The hold that was kept, and what became of each of the others."""

    kept: Hold
    results: list[ChangeResult]

    @property
    def is_whole(self) -> bool:
        """Return whether nothing else of the offer is held."""
        return all(each.error is None for each in self.results)


def start_offer(*, hold_id: int, by: Actor, now: datetime) -> Offer:
    """Return the offer of a hold, new if there is none. Raises HoldError, Hold.DoesNotExist."""
    with Operation(Action.OFFER, by=by, hold_id=hold_id, now=now) as operation:
        hold = load(operation, hold_id)
        if hold.offer is not None:
            return hold.offer
        if hold.has_ended:
            raise messages.refusal("has_ended", hold=hold)
        with transaction.atomic(durable=True):
            offer = Offer.objects.create(made_by=by.user, created_at=now)
            alone = Hold.objects.filter(pk=hold.pk, offer=None)
            if alone.write_rows({"offer": offer}, now=now):
                before = hold.snapshot()
                after = before | {"offer": offer.pk}
                operation.log.event(before=before, after=after, now=now)
                return offer
            transaction.set_rollback(True)  # a colleague has just started one
    return start_offer(hold_id=hold_id, by=by, now=now)


def keep_one(
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
    asked = {"offer": offer_id}
    versions = versions or {}
    with Operation(Action.CHECK, by=by, hold_id=hold_id, asked=asked, now=now) as operation:
        hold = load(operation, hold_id)
        require_keepable(operation, hold, offer_id, version=versions.get(hold_id))
        open_holds = offers.open_holds_of(offer_id).exclude(pk=hold_id)
        others = list(open_holds.values_list("pk", flat=True))
        operation.require_calls(1 + 2 * len(others), hold, for_others=KEPT_FOR_OTHERS)
        operation.start(hold, method="GET", calls=CALLS, offer=offer_id)
        require_unchanged(operation, hold)
        results = release_many(
            hold_ids=others, by=by, reason=REASON, versions=versions, now=operation.now()
        )
        try:
            operation.finish(Outcome.OK, after={"found": str(Comparison.SAME)})
        except ClaimLostError:  # what was kept stands all the same
            operation.abandon()
    return Decision(Hold.objects.with_people().get(pk=hold_id), results)


def require_keepable(
    operation: Operation, hold: Hold, offer_id: int, *, version: int | None
) -> None:
    """Raise HoldError for a hold that is not live, or not of this offer."""
    if hold.offer_id != offer_id:
        raise messages.refusal("not_in_offer", hold=hold)
    require_changeable(operation, hold, version=version, states={State.HELD})
    if not hold.is_live(operation.cal_now()):
        raise messages.refusal("ran_out", until=hold.held_until)


def require_unchanged(operation: Operation, hold: Hold) -> None:
    """Raise HoldError where cal.com no longer has what is to be kept, or has it changed."""
    with reservations.hold_error_on_failure(operation, hold):
        found = reservations.get(operation, hold.reservation_uid or "")
    finding, fields = compare_current(operation, hold, found)
    if finding is Comparison.SAME:
        # What this answer told of the rate is older than what the releases will tell.
        rate_and_clock.save(operation.upstream)
        return
    has_ended = finding in (Comparison.GONE, Comparison.EXPIRED)
    after = {"found": str(finding)}
    if has_ended:  # another change is for a check of the hold to take over
        operation.write(hold, fields)
        after |= hold.snapshot() | {"state": str(fields["state"])}
    operation.finish(Outcome.OK, after=after)
    raise messages.refusal("has_ended" if has_ended else "changed_outside", hold=hold)
