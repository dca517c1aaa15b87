"""Change whom a hold is for: the details stay here, and cal.com is not asked."""

from datetime import datetime
from typing import Any

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.holds import claims, messages, offers
from dashboard.holds.loading import load_for_change
from dashboard.holds.models import Hold
from dashboard.holds.operation import Action, Operation
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

    Raises HoldError, Hold.DoesNotExist.
    """
    details = {"client_name": client_name, "client_contact": client_contact, "note": note}
    with Operation(Action.CLIENT_CHANGED, by=by, hold_id=hold_id, now=now) as operation:
        hold = load_for_change(operation, hold_id, version=version, states={State.HELD})
        changed = [name for name, value in details.items() if getattr(hold, name) != value]
        if not changed:
            return hold
        with transaction.atomic(durable=True):
            if hold.offer_id is not None:
                offers.lock_undecided(hold.offer_id, now=now)
            if not claims.update_unclaimed(hold, details, now=now):
                raise messages.changed_meanwhile(hold, operation.cal_now())
            asked: dict[str, Any] = {"fields": changed}
            if changed != ["note"] and (others := give_to_offer(hold, now=now)):
                asked["holds"] = others
            operation.log.event(asked=asked, before=hold.snapshot(), now=now)
    return hold


def give_to_offer(hold: Hold, *, now: datetime) -> list[int]:
    """Give the other times of the hold's offer its client too, and return their primary keys.

    Times that are being changed at this moment stay as they are.
    """
    if hold.offer_id is None:
        return []
    client = {"client_name": hold.client_name, "client_contact": hold.client_contact}
    others = offers.open_holds_of(hold.offer_id).exclude(pk=hold.pk)
    return [other.pk for other in others if claims.update_unclaimed(other, client, now=now)]
