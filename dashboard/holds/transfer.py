"""Take over a colleague's hold: it changes hands here, and cal.com is not asked."""

from datetime import datetime
from typing import Any

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.audit.trail import Action
from dashboard.holds import claims, messages, rules
from dashboard.holds.loading import find, require_quiet, require_version
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.states import State


def take_over(
    *,
    hold_id: int,
    by: Actor,
    reason: str = "",
    note: str = "",
    version: int | None = None,
    now: datetime,
) -> Hold:
    """Make a colleague's hold one's own. Taking over one's own hold changes nothing.

    ``note`` is added to the hold's own note. Raises HoldError, Hold.DoesNotExist.
    """
    asked = {"reason": reason} if reason else {}
    with Operation(Action.TAKE_OVER, by=by, hold_id=hold_id, asked=asked, now=now) as operation:
        hold = find(operation, hold_id)
        if hold.holder_id == by.user.pk:
            return hold
        rules.require_may_take_over(hold, by, reason=reason)
        rules.require_allowed_calendar(hold.event_type_id, by.user, now=now)
        require_quiet(operation, hold)
        require_version(operation, hold, version)
        if hold.has_ended:
            raise messages.refusal("has_ended", hold=hold)
        if hold.held_until is not None and not hold.is_live(operation.cal_now()):
            raise messages.refusal("ran_out", until=hold.held_until)
        former, before = {"person": hold.holder_id}, transfer_snapshot(hold)
        # The form token is the former holder's: theirs alone to send again.
        fields = {"holder": by.user, "note": rules.longer_note(hold, note), "form_token": None}
        with transaction.atomic(durable=True):
            if not claims.update_unclaimed(hold, fields, now=now):
                raise messages.changed_meanwhile(hold, operation.cal_now())
            after = transfer_snapshot(hold)
            operation.log.event(asked=former, before=before, after=after, reason=reason, now=now)
    return hold


def can_take_over(hold: Hold, user: User, *, cal_now: datetime, now: datetime) -> bool:
    """Return whether to offer it to a person who looks at the hold."""
    is_kept = hold.is_live(cal_now) or hold.state == State.UNCONFIRMED
    is_quiet = hold.change is None and not hold.is_claimed(now)
    return is_kept and is_quiet and hold.holder_id != user.pk and rules.can_take_over(user)


def transfer_snapshot(hold: Hold) -> dict[str, Any]:
    """Return what the audit keeps, with the holder."""
    return hold.snapshot() | {"holder": hold.holder.name_and_username}
