"""Change whom a hold is for: the details stay here, and cal.com is not asked."""

from datetime import datetime

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.holds import claims, messages
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
            if not claims.update_unclaimed(hold, details, now=now):
                raise messages.changed_meanwhile(hold, operation.cal_now())
            operation.log.event(asked={"fields": changed}, before=hold.snapshot(), now=now)
    return hold
