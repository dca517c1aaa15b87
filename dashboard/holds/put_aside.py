"""Put a hold that ended aside, so that it no longer needs attention. cal.com is not asked."""

from datetime import datetime

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.audit.trail import Action
from dashboard.holds import messages, register
from dashboard.holds.loading import load
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation


def put_aside(*, hold_id: int, by: Actor, now: datetime) -> None:
    """Take a lost, gone or released hold off the list of what needs attention, for all people.

    Changes nothing where that was done before. Raises HoldError, Hold.DoesNotExist.
    """
    with Operation(Action.PUT_ASIDE, by=by, hold_id=hold_id, now=now) as operation:
        hold = load(operation, hold_id)
        if hold.state not in register.LOST_OR_GONE and not hold.is_released:
            raise messages.refusal("not_lost", hold=hold)
        cal_now = operation.cal_now()
        if not register.not_put_aside(now, cal_now).filter(pk=hold_id).exists():
            return
        with transaction.atomic(durable=True):
            Hold.objects.filter(pk=hold_id).write_rows({}, now=now)  # so that boards are drawn anew
            operation.log.event(now=now)
