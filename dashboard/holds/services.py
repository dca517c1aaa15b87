"""Change holds: one function for each verb on cal.com's reservation endpoints.

A verb loads and guards its hold once, starts in one transaction, runs its calls and records
how they ended. It returns the hold, or raises HoldError, which carries the outcome and the words
to show; Hold.DoesNotExist for a hold that is not there. ``by`` is who acts, ``now`` the moment on
the local clock; minutes count from now, as at cal.com. ``version`` is the hold's as the page showed
it; None changes it as it is.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from dashboard.accounts.actors import Actor
from dashboard.audit.trail import Action
from dashboard.calendars import catalogue
from dashboard.holds import alteration, offers, rules
from dashboard.holds.change import Phase
from dashboard.holds.doubts import guard_against, require_no_doubt, wanted_hold
from dashboard.holds.explain import carry_out
from dashboard.holds.in_turn import ChangeResult, change_in_turn
from dashboard.holds.loading import load, load_for_change, require_changeable
from dashboard.holds.models import Hold
from dashboard.holds.new_holds import NO_CLIENT, ClientDetails, known_end, new_hold
from dashboard.holds.operation import Operation
from dashboard.holds.problems import Doubt, HoldError
from dashboard.holds.slots import SlotHold
from dashboard.holds.states import State
from dashboard.holds.targets import extension_target, move_target, new_choice

# Calls that a verb may need, with the GETs that settle them.
PLACE_CALLS = 1
RELEASE_CALLS = 4
LEAST_RELEASE_CALLS = 2  # without a repetition


def place(
    *,
    by: Actor,
    event_type_id: int,
    slot_start: datetime,
    slot_duration: int | None = None,
    reservation_duration: int,
    client: ClientDetails = NO_CLIENT,
    token: UUID | None = None,
    offer: int | None = None,
    doubts: Collection[Doubt] = (),
    now: datetime,
) -> Hold:
    """Reserve a slot (POST). The same ``token`` again gives the first one's hold.

    With an ``offer`` it is for that client. ``doubts`` are refused with an error that ``asks``.
    """
    asked = without_none(offer=offer) | {
        "event_type_id": event_type_id,
        "slot_start": slot_start.isoformat(),
        "slot_duration": slot_duration,
        "reservation_duration": reservation_duration,
    }
    with Operation(Action.PLACE, by=by, asked=asked, now=now) as operation:
        try:
            cal_now = operation.cal_now()
            rules.require_slot(event_type_id, slot_start, cal_now=cal_now)
            rules.require_reservation_duration(reservation_duration)
            event_type = new_choice(event_type_id, by.user, now=now)
            rules.require_slot_duration(slot_duration, event_type)
            until = cal_now + timedelta(minutes=reservation_duration)
            end = known_end(slot_start, slot_duration, event_type) or slot_start
            slot = SlotHold(event_type_id, slot_start, end, slot_duration, until)
            client = offers.client_of(offer, client, by=by)
            hold = new_hold(by.user, slot, event_type, reservation_duration, client)
            hold.form_token, hold.offer_id = token, offer
            guard = guard_against(hold, doubts, cal_now=cal_now, now=now)
            operation.require_calls(PLACE_CALLS, None)
            operation.start(hold, method="POST", calls=PLACE_CALLS, guard=guard)
        except (HoldError, IntegrityError):  # such as of a token that the register has
            if token and (first := Hold.objects.filter(holder=by.user, form_token=token).first()):
                return first
            raise
        change = operation.change(Phase.PLACING, slot, slot, minutes=reservation_duration)
        return carry_out(operation, hold, change)


def extend(
    *,
    hold_id: int,
    by: Actor,
    reservation_duration: int | None = None,
    add: int | None = None,
    until: datetime | None = None,
    version: int | None = None,
    retake: bool = False,
    now: datetime,
) -> Hold:
    """Hold the same slot for longer: so many minutes from now, ``add`` to held-until, or ``until``.

    Never shortens. ``retake`` agrees to release and reserve again, should nothing else work.
    """
    asked = without_none(
        reservation_duration=reservation_duration,
        add=add,
        held_until=until.isoformat() if until else None,
        retake=retake or None,
    )
    try:
        with Operation(Action.EXTEND, by=by, hold_id=hold_id, asked=asked, now=now) as operation:
            hold = load_for_change(
                operation, hold_id, version=version, states={State.HELD, State.EXPIRED}
            )
            target = extension_target(
                hold,
                reservation_duration=reservation_duration,
                add=add,
                until=until,
                cal_now=operation.cal_now(),
            )
            return alteration.bring_to(operation, hold, target)
    except HoldError as error:
        if not (retake and error.retake_minutes):
            raise
    with operation.again(hold) as again:
        hold = load_for_change(again, hold_id, version=hold.version, states={State.HELD})
        return alteration.retake(again, hold, target)


def extend_many(
    *,
    hold_ids: Iterable[int],
    by: Actor,
    add: int,
    versions: Mapping[int, int],
    now: datetime,
) -> list[ChangeResult]:
    """Extend each of these live holds by so many minutes. See ``change_in_turn``."""

    def change(operation: Operation, hold: Hold) -> Hold:
        target = extension_target(hold, add=add, cal_now=operation.cal_now())
        return alteration.bring_to(operation, hold, target)

    return change_in_turn(
        Action.EXTEND,
        hold_ids,
        change,
        calls=alteration.PARK_AND_RETURN_CALLS,
        by=by,
        asked={"add": add},
        versions=versions,
        now=now,
    )


def move(
    *,
    hold_id: int,
    by: Actor,
    slot_start: datetime,
    event_type_id: int | None = None,
    slot_duration: int | None = None,
    reservation_duration: int | None = None,
    version: int | None = None,
    doubts: Collection[Doubt] = (),
    now: datetime,
) -> Hold:
    """Hold another slot instead. Without minutes the hold keeps its end.

    Of ``doubts`` only those about hosts are refused: the others do not change meanwhile.
    """
    asked = without_none(
        slot_start=slot_start.isoformat(),
        event_type_id=event_type_id,
        slot_duration=slot_duration,
        reservation_duration=reservation_duration,
    )
    with Operation(Action.MOVE, by=by, hold_id=hold_id, asked=asked, now=now) as operation:
        hold = load_for_change(operation, hold_id, version=version, states={State.HELD})
        target = move_target(
            hold,
            user=by.user,
            slot_start=slot_start,
            event_type_id=event_type_id,
            slot_duration=slot_duration,
            reservation_duration=reservation_duration,
            cal_now=operation.cal_now(),
            now=now,
        )
        if Doubt.HOST_BUSY in doubts:
            wanted = wanted_hold(target, catalogue.event_type(target.event_type_id), hold.pk)
            require_no_doubt(wanted, {Doubt.HOST_BUSY}, cal_now=operation.cal_now(), now=now)
        return alteration.bring_to(operation, hold, target, doubts)


def release(
    *,
    hold_id: int,
    by: Actor,
    reason: str = "",
    note: str = "",
    version: int | None = None,
    now: datetime,
) -> Hold:
    """Release the time (DELETE), after a GET that tells whether it was still there.

    The reason *booked* ends the hold as booked. Releasing what is already released changes nothing
    and is no error.
    """
    asked = without_none(reason=reason or None)
    with Operation(Action.RELEASE, by=by, hold_id=hold_id, asked=asked, now=now) as operation:
        hold = load(operation, hold_id)
        if hold.is_released:
            return hold
        require_changeable(operation, hold, version=version, states={State.HELD})
        return release_loaded(operation, hold, reason=reason, note=note)


def release_many(
    *,
    hold_ids: Iterable[int],
    by: Actor,
    reason: str = "",
    note: str = "",
    versions: Mapping[int, int] | None = None,
    now: datetime,
) -> list[ChangeResult]:
    """Release each of these holds. See ``change_in_turn``."""
    return change_in_turn(
        Action.RELEASE,
        hold_ids,
        partial(release_loaded, reason=reason, note=note),
        calls=LEAST_RELEASE_CALLS,
        by=by,
        asked=without_none(reason=reason or None),
        versions=versions or {},
        is_done=lambda hold: hold.is_released,
        now=now,
    )


def release_loaded(operation: Operation, hold: Hold, *, reason: str, note: str) -> Hold:
    """Release a hold that was found changeable. Raises HoldError."""
    operation.require_calls(LEAST_RELEASE_CALLS, hold)
    operation.start(hold, method="GET", calls=RELEASE_CALLS, reason=reason)
    slot = hold.slot_hold()
    change = operation.change(Phase.CHECKING, slot, slot, end_reason=reason, end_note=note)
    return carry_out(operation, hold, change)


def without_none(**fields: Any) -> dict[str, Any]:
    """Return the fields that were given, as the audit keeps a request."""
    return {name: value for name, value in fields.items() if value is not None}
