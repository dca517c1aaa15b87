"""Read offers: several times held for one client, who will keep one of them.

An offer only groups holds: each is placed, extended and released like any other. Starting an
offer, and keeping one of its times, is in ``offer_decision``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.holds import messages
from dashboard.holds.models import Hold, HoldQuerySet, Offer, claimed
from dashboard.holds.new_holds import ClientDetails
from dashboard.holds.states import OPEN, State

MOST_TIMES = 5  # of one offer that are held at once
# The verb of the claim that keeps the chosen hold while the rest is released.
DECIDING = "check"
NEVER = datetime.max.replace(tzinfo=UTC)


def holds_of(offer_id: int) -> HoldQuerySet:
    """Return the holds of an offer, earliest slot first, without those that never stood."""
    holds = Hold.objects.with_people().filter(offer=offer_id).exclude(state=State.REFUSED)
    return holds.order_by("slot_start", "id")


def open_holds_of(offer_id: int) -> HoldQuerySet:
    """Return those that have not ended."""
    return holds_of(offer_id).filter(state__in=OPEN)


def client_hold(holds: Iterable[Hold]) -> Hold | None:
    """Return the hold of an offer that has its client: of those that stand, the one placed first.

    What has ended keeps the client of then. Without any that stands, it is the last to have ended.
    """
    return max(holds, key=lambda hold: (hold.ended_at or NEVER, -hold.pk), default=None)


def client_of(offer_id: int | None, client: ClientDetails, *, by: Actor) -> ClientDetails:
    """Return the details of the offer's client, if any; the note is the new hold's own.

    Raises HoldError for an offer that this person may not add to, or that does not exist.
    """
    if offer_id is None:
        return client
    known = client_hold(holds_of(offer_id))
    if known is None:
        raise messages.refusal("no_offer")
    if not may_add_to(offer_id, by.user):
        raise messages.refusal("not_yours", hold=known)
    return replace(client, client_name=known.client_name, client_contact=known.client_contact)


def may_add_to(offer_id: int, user: User) -> bool:
    """Return True for who made the offer, who holds one of its times, and Admins."""
    if user.is_admin or open_holds_of(offer_id).filter(holder=user).exists():
        return True
    return Offer.objects.filter(pk=offer_id, made_by=user).exists()


def join(offer_id: int, *, now: datetime) -> None:
    """Require room for one more, inside the transaction that writes it. Raises HoldError."""
    lock_undecided(offer_id, now=now)
    if open_holds_of(offer_id).count() >= MOST_TIMES:
        raise messages.refusal("offer_is_full", most=MOST_TIMES)


def lock_undecided(offer_id: int, *, now: datetime) -> None:
    """Lock the offer's row until the transaction ends. Raises HoldError while it is decided."""
    Offer.objects.select_for_update().get(pk=offer_id)
    deciding = open_holds_of(offer_id).filter(claimed(now), claim_verb=DECIDING).first()
    if deciding is not None:
        raise messages.refusal("being_decided", hold=deciding)


def positions(open_holds: Iterable[Hold]) -> Mapping[int, tuple[int, int]]:
    """Return (position, count) for each of several open holds of one offer, in order of placing."""
    by_offer: dict[int, list[int]] = {}
    for hold in open_holds:
        if hold.offer_id is not None:
            by_offer.setdefault(hold.offer_id, []).append(hold.pk)
    return {
        hold_id: (position, len(holds))
        for holds in by_offer.values()
        if len(holds) > 1
        for position, hold_id in enumerate(sorted(holds), start=1)
    }
