"""The ways to bring a hold to another slot or end: choose one, start it, run it.

``transitions`` describes the ways and their order.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from dashboard.calcom import Cause, EventTypeKind
from dashboard.calcom_state import event_types
from dashboard.calendars import catalogue
from dashboard.holds.change import Phase
from dashboard.holds.claims import SlotGuard
from dashboard.holds.doubts import guard_of
from dashboard.holds.explain import carry_out
from dashboard.holds.loading import load_for_change
from dashboard.holds.models import Hold
from dashboard.holds.new_holds import stand_in_for
from dashboard.holds.operation import Operation
from dashboard.holds.problems import Doubt, HoldError
from dashboard.holds.slots import SlotHold, minutes_until, parking_places
from dashboard.holds.states import State

# Calls that a way may need, with the GETs that settle them and one undo.
PATCH_CALLS = 2
PARK_AND_RETURN_CALLS = 7
NEW_FIRST_CALLS = 3
RETAKE_CALLS = 6


def bring_to(
    operation: Operation, hold: Hold, target: SlotHold, doubts: Collection[Doubt] = ()
) -> Hold:
    """Extend or move the hold to the target by the safest way. Raises HoldError.

    Round robin is never parked: there its equal holds count as overlaps.
    """
    if is_new_first(hold, target):
        return new_first(operation, hold, target, doubts)
    may_park = kind_of(hold) != "" or refuses_equal_times(hold.event_type_id)
    is_live = hold.is_live(operation.cal_now())
    if may_park or not is_live or not target.overlaps(hold.slot_hold()):
        return patch(operation, hold, target, may_park=may_park)
    try:
        return new_first(operation, hold, target)
    except HoldError as refused:
        if refused.cause != Cause.ALREADY_RESERVED:
            raise
    # The refusal shows that it is not round robin.
    with operation.again(hold) as again:
        hold = load_for_change(again, hold.pk, version=hold.version, states={State.HELD})
        return patch(again, hold, target, may_park=True)


def refuses_equal_times(event_type_id: int) -> bool:
    """Return whether cal.com has refused a POST beside a reservation: round robin accepts it.

    For event types that the key cannot read, such as a team mate's.
    """
    refused = Hold.objects.filter(event_type_id=event_type_id, state=State.REFUSED)
    return refused.filter(end_reason=Cause.ALREADY_RESERVED).exists()


def kind_of(hold: Hold) -> str:
    """Return the kind of the hold's event type; "" where it cannot be read."""
    return hold.event_type_kind or event_types.kind_of(catalogue.event_type(hold.event_type_id))


def is_new_first(hold: Hold, target: SlotHold) -> bool:
    """Return whether the new reservation is made before the old one is given up."""
    is_other_type = target.event_type_id != hold.event_type_id
    return is_other_type or kind_of(hold) == EventTypeKind.ROUND_ROBIN


def leaves_gap(hold: Hold, target: SlotHold) -> bool:
    """Return whether the hold has neither time for a moment on its way to the target."""
    return target.overlaps(hold.slot_hold()) and not is_new_first(hold, target)


def patch(operation: Operation, hold: Hold, target: SlotHold, *, may_park: bool) -> Hold:
    """PATCH to the target, by way of a parking place if there is no other. Raises HoldError."""
    now, cal_now = operation.now(), operation.cal_now()
    origin = hold.slot_hold()
    # As cal.com now takes it, so that the hold can be parked and brought back.
    own_length = origin.length // timedelta(minutes=1) or None
    origin = replace(origin, slot_duration=own_length if target.slot_duration else None)
    overlapping = target.overlaps(origin)
    calls = PARK_AND_RETURN_CALLS if overlapping else PATCH_CALLS
    operation.require_calls(calls, hold)
    # A hold whose event type got longer could not come back to its own length, next to another.
    gets_longer = target.slot_duration is None and target.length > origin.length
    places = parking_places(cal_now) if overlapping and may_park and not gets_longer else ()
    change = operation.change(Phase.PATCHING, origin, target, parking_places=places)
    refused_until = operation.upstream.self_overlap_until
    is_refused = refused_until is not None and refused_until > now
    if change.parking_places and is_refused and hold.is_live(cal_now):
        change = change.parked_next()
    guard = SlotGuard.around(origin, target)
    operation.start(
        hold, method="PATCH", calls=calls, guard=guard, change=change, shares_rate=overlapping
    )
    return carry_out(operation, hold, change)


def new_first(
    operation: Operation, hold: Hold, target: SlotHold, doubts: Collection[Doubt] = ()
) -> Hold:
    """POST the new reservation, then DELETE the old one, under the same hold. Raises HoldError.

    Of ``doubts``, that a round robin time has no host left is refused.

    A second row of the register, the stand-in, accounts for whichever reservation the hold
    itself does not have: the new one until it stands, then the old one until it is deleted.
    """
    operation.require_calls(NEW_FIRST_CALLS, hold)
    cal_now = operation.cal_now()
    minutes = minutes_until(target.held_until, cal_now)
    event_type = catalogue.event_type(target.event_type_id)
    stand_in = stand_in_for(hold, target, event_type, minutes)
    change = operation.change(Phase.REPLACING, hold.slot_hold(), target, minutes=minutes)
    guard = guard_of(stand_in, doubts, cal_now)
    operation.start(hold, method="POST", calls=NEW_FIRST_CALLS, guard=guard, stand_in=stand_in)
    return carry_out(operation, hold, change)


def retake(operation: Operation, hold: Hold, target: SlotHold) -> Hold:
    """DELETE, then POST, if a person agreed: in between the time is anyone's. Raises HoldError."""
    operation.require_calls(RETAKE_CALLS, hold)
    change = operation.change(Phase.RETAKING, hold.slot_hold(), target)
    guard = SlotGuard.of(target)
    operation.start(hold, method="DELETE", calls=RETAKE_CALLS, guard=guard, change=change)
    return carry_out(operation, hold, change)
