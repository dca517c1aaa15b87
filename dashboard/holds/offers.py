"""Several times held for one client, who will keep one of them.

An offer is only a bracket round holds: each is placed, extended and released like any other.
What is decided of it, one kept and the rest released, is in ``deciding``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F

from dashboard.accounts import roles
from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.holds import endings, messages, rules, starting
from dashboard.holds.models import Hold, HoldQuerySet, Offer

Verb = AuditEntry.Action
State = Hold.State

# Times of one offer that are held at once.
MOST = 5
# The verb of the claim that keeps the chosen hold while the rest is released.
DECIDING = "check"


def start(*, hold_id: int, by: Actor, now: datetime) -> Offer:
    """The offer that a hold is one of; a new one where there is none yet.

    Raises HoldError, Hold.DoesNotExist.
    """
    with starting.attempt(Verb.OFFER, by=by, hold_id=hold_id, asked={}, now=now):
        hold = starting.fetch(hold_id)
        rules.may_act(hold, by)
        if hold.offer is not None:
            return hold.offer
        if hold.has_ended:
            raise messages.has_ended(hold)
    return _make(hold, by=by, now=now) or start(hold_id=hold_id, by=by, now=now)


def _make(hold: Hold, *, by: Actor, now: datetime) -> Offer | None:
    """A new offer with this hold as its first; None where somebody has just made one of it."""
    with transaction.atomic(durable=True):
        offer = Offer.objects.create(made_by=by.user, created_at=now)
        alone = Hold.objects.filter(pk=hold.pk, offer=None)
        if not alone.update(offer=offer, version=F("version") + 1, changed_at=now):
            transaction.set_rollback(True)
            return None
        before = endings.snapshot(hold)
        trail.event(
            action=Verb.OFFER,
            by=by,
            hold_id=hold.pk,
            before=before,
            after=before | {"offer": offer.pk},
            now=now,
        )
    return offer


def of(offer_id: int) -> HoldQuerySet:
    """The holds of an offer, earliest slot first, without those that never stood."""
    holds = Hold.objects.filter(offer=offer_id).exclude(state=State.REFUSED)
    return holds.select_related("holder", "claim_by").order_by("slot_start", "id")


def still_open(offer_id: int) -> HoldQuerySet:
    """Those that have not ended."""
    return of(offer_id).filter(state__in=Hold.OPEN)


def first_of(offer_id: int) -> Hold | None:
    """The one that began it, which says for whom it is."""
    return of(offer_id).order_by("id").first()


def is_theirs(offer_id: int, user: User) -> bool:
    """Whether somebody may put a time to it: who made it, who holds one of it, and Admins."""
    if roles.is_admin(user) or still_open(offer_id).filter(holder=user).exists():
        return True
    return Offer.objects.filter(pk=offer_id, made_by=user).exists()


def may_join(offer_id: int, by: Actor) -> None:
    """Raises HoldError for an offer that is not theirs, or is none."""
    first = first_of(offer_id)
    if first is None:
        raise messages.no_offer()
    if not is_theirs(offer_id, by.user):
        raise messages.not_yours(first)


def join(offer_id: int, *, now: datetime) -> None:
    """Make sure that there is room for one more, inside the transaction that writes it.

    Raises HoldError.
    """
    lock(offer_id)
    nobody_decides(offer_id, now=now)
    if still_open(offer_id).count() >= MOST:
        raise messages.offer_is_full(MOST)


def lock(offer_id: int) -> None:
    """One after the other. On SQLite there is only one write transaction at a time anyway."""
    Offer.objects.select_for_update().get(pk=offer_id)


def nobody_decides(offer_id: int, *, now: datetime) -> None:
    """Raises HoldError while somebody keeps one and releases the rest."""
    deciding = still_open(offer_id).filter(claim_verb=DECIDING, claim_until__gt=now).first()
    if deciding is not None:
        raise messages.being_decided(deciding)


def places(offered: Iterable[tuple[int, int | None]]) -> Mapping[int, tuple[int, int]]:
    """Of each hold that is one of several still open: the how manieth, of how many.

    Takes numbers of open holds with those of their offers; they count in the order of placing.
    """
    together: dict[int, list[int]] = {}
    for hold_id, offer_id in offered:
        if offer_id is not None:
            together.setdefault(offer_id, []).append(hold_id)
    return {
        hold_id: (number, len(holds))
        for holds in together.values()
        if len(holds) > 1
        for number, hold_id in enumerate(sorted(holds), start=1)
    }
