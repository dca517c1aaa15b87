"""Change whom a hold is for: the details stay here, and cal.com is not asked."""

from datetime import datetime
from operator import attrgetter

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.audit import former_clients, trail
from dashboard.audit.trail import Action
from dashboard.holds import claims, messages, offers, rules
from dashboard.holds.hold_fields import Fields
from dashboard.holds.loading import load, require_changeable
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.states import State


def change_client(
    *,
    hold_id: int,
    by: Actor,
    client_name: str,
    client_contact: str,
    note: str,
    version: int | None = None,
    now: datetime,
) -> Hold:
    """Replace the client, contact and note of a hold. The log has only which of them changed.

    A name or contact that was replaced stays on the hold as a former client, which the log shows
    and finds, and which an erasure reaches.

    The other times of its offer get the new client too, where this person may change them and
    nothing else is changing them. Raises HoldError, Hold.DoesNotExist.
    """
    details = {"client_name": client_name, "client_contact": client_contact, "note": note}
    with Operation(Action.CLIENT_CHANGED, by=by, hold_id=hold_id, now=now) as operation:
        hold = load(operation, hold_id)
        if not (new := different(hold, details)):
            return hold  # such as by the second of two clicks
        require_changeable(operation, hold, version=version, states={State.HELD})
        with transaction.atomic(durable=True):
            if hold.offer_id is not None:
                offers.lock_undecided(hold.offer_id, now=now)
            of_client = {name: value for name, value in new.items() if name != "note"}
            others: list[Hold] = []
            if hold.offer_id is not None and of_client:
                others += offers.open_holds_of(hold.offer_id).exclude(pk=hold.pk)
            # In the order in which an erasure locks them.
            for each in sorted([hold, *others], key=attrgetter("pk")):
                if each is hold:
                    if not write(hold, new, by=by, now=now):
                        raise messages.changed_meanwhile(hold, operation.cal_now())
                elif rules.is_allowed(each, by.user):
                    write(each, of_client, by=by, now=now)
    return hold


def different(hold: Hold, details: Fields) -> Fields:
    """Return those details that the hold does not have yet."""
    return {name: value for name, value in details.items() if getattr(hold, name) != value}


def write(hold: Hold, details: Fields, *, by: Actor, now: datetime) -> bool:
    """Write what is new, and that in the log. Return False where the hold has just changed.

    Raises HoldError where it has had MOST clients.
    """
    new = different(hold, details)
    if not new:
        return True
    fields = new
    if any(getattr(hold, name) for name in new if name != "note"):
        if len(former_clients.read(hold.former_clients)) >= former_clients.MOST:
            raise messages.refusal("too_many_clients", hold=hold, most=former_clients.MOST)
        client = hold.client_name, hold.client_contact
        former = former_clients.followed_by(hold.former_clients, now, *client)
        fields = new | {"former_clients": former}
    if not claims.update_unclaimed(hold, fields, now=now):
        return False
    trail.event(
        action=Action.CLIENT_CHANGED,
        by=by,
        hold_id=hold.pk,
        asked={"fields": list(new)},
        before=hold.snapshot(),
        now=now,
    )
    return True
