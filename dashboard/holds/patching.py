"""Extending and moving by PATCH: claim and intent, then straight or by way of a parking place."""

from __future__ import annotations

from dashboard.calcom import Cause, Refused, Reservation
from dashboard.holds import endings, event_types, rate_and_clock, ways
from dashboard.holds.altering import Alteration
from dashboard.holds.calls import ONE, Action
from dashboard.holds.changes import Change, Phase, Spot
from dashboard.holds.claims import Asking
from dashboard.holds.models import Hold

# Calls that may be needed, with the GETs that settle them and one undo.
STRAIGHT = 2
BY_PARKING = 7


def is_round_robin(hold: Hold) -> bool:
    """Round robin is never parked: there its equal holds count as overlaps."""
    return event_types.is_round_robin(_kind(hold))


def patch(wanted: Alteration) -> endings.Rest:
    """Bring the hold to the target and keep its uid. Raises HoldError."""
    hold, origin, target = wanted.hold, wanted.origin, wanted.target
    overlapping = target.overlaps(origin)
    planned = BY_PARKING if overlapping else STRAIGHT
    wanted.needs(planned)

    def in_turn() -> None:
        rate_and_clock.wait_for_turn()
        wanted.needs(_with_others(planned, wanted))

    may_park = _kind(hold) != ""  # what is not known may be round robin
    action = wanted.begin(
        ("PATCH", ONE),
        planned=planned,
        asking=_asking(origin, target),
        last=in_turn if overlapping else None,
    )
    change = Change(str(wanted.verb), Phase.PATCHING, origin, target, action.settled_by())

    def way() -> Reservation:
        if overlapping:
            return _overlapping(action, hold, change, may_park=may_park)
        return ways.straight(action, hold.reservation_uid or "", change)

    return lambda: endings.carry_out(action, hold, way, target=target)


def _with_others(planned: int, wanted: Alteration) -> int:
    """Calls with those of others at work, who take them from the same allowance unseen.

    A parked hold that has to wait for the rate is free for anybody. More than a whole allowance
    is never asked for, as nobody would ever get it.
    """
    others = Hold.objects.at_work(wanted.watch.now()).exclude(pk=wanted.hold.pk)
    needed = planned + others.count() * BY_PARKING
    whole = wanted.known.rate_limit
    return needed if whole is None else max(planned, min(needed, whole))


def _asking(origin: Spot, target: Spot) -> Asking:
    """The time to guard: with the old one, where that is given up on the way."""
    if not target.overlaps(origin):
        return Asking(target.event_type_id, target.slot_start, target.slot_end)
    return Asking(
        target.event_type_id,
        min(origin.slot_start, target.slot_start),
        max(origin.slot_end, target.slot_end),
    )


def _overlapping(action: Action, hold: Hold, change: Change, *, may_park: bool) -> Reservation:
    """Straight where this cal.com may take it, else by way of a parking place."""
    uid = hold.reservation_uid or ""
    believed = action.known.self_overlap_until
    live = hold.is_live(action.at())
    if not live or not may_park or believed is None or believed <= action.now():
        try:
            return ways.straight(action, uid, change)
        except Refused as error:
            if error.cause is not Cause.ALREADY_RESERVED or not live:
                raise
            ways.remember_self_overlap(action)
            if not may_park:
                raise ways.RetakeNeededError(error) from error
    return ways.park_and_go(action, uid, change)


def _kind(hold: Hold) -> str:
    return hold.event_type_kind or event_types.kind_of(event_types.event_type(hold.event_type_id))
