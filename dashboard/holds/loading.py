"""Load a hold that a person wants to change, and refuse what they may not change now."""

from collections.abc import Collection

from dashboard.holds import messages, rules, settle
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.states import State


def find(operation: Operation, hold_id: int) -> Hold:
    """Return the hold, settled, which a refusal then tells of. Raises Hold.DoesNotExist."""
    hold = settle.load_settled(hold_id, now=operation.now(), cal_now=operation.cal_now())
    operation.log.before = hold.snapshot()
    return hold


def load(operation: Operation, hold_id: int) -> Hold:
    """Return the hold, settled, if this person may act on it. Raises HoldError, DoesNotExist."""
    hold = find(operation, hold_id)
    if operation.by is not None and not rules.is_allowed(hold, operation.by.user):
        raise messages.refusal("not_yours", hold=hold)
    return hold


def require_quiet(operation: Operation, hold: Hold) -> None:
    """Raise HoldError while another change of the hold is under way."""
    if hold.is_claimed(operation.now()):
        raise messages.refusal("being_changed", hold=hold)
    if hold.change is not None:
        raise messages.refusal("being_restored", hold=hold)


def require_version(operation: Operation, hold: Hold, version: int | None) -> None:
    """Raise HoldError where the hold is not as the person's page showed it; None fits any."""
    if version is not None and version != hold.version:
        raise messages.changed_meanwhile(hold, operation.cal_now())


def load_for_change(
    operation: Operation, hold_id: int, *, version: int | None, states: Collection[State]
) -> Hold:
    """Return a hold that this person may change now. Raises HoldError, Hold.DoesNotExist."""
    hold = load(operation, hold_id)
    require_changeable(operation, hold, version=version, states=states)
    return hold


def require_changeable(
    operation: Operation, hold: Hold, *, version: int | None, states: Collection[State]
) -> None:
    """Raise HoldError for a hold that cannot be changed now."""
    require_quiet(operation, hold)
    require_version(operation, hold, version)
    has_reservation = hold.reservation_uid is not None and hold.state != State.UNCONFIRMED
    if not hold.has_ended and not has_reservation:
        raise messages.not_confirmed(hold)
    if not has_reservation or hold.state not in states:
        raise messages.refusal("has_ended", hold=hold)
