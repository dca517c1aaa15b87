"""The service module: what staff do with holds, one function a verb.

Every verb returns the hold, or raises HoldError, which carries the outcome and the words to show.
``by`` is who acts, ``now`` the moment on our clock; all minutes count from now, as at cal.com.
``version`` is the hold's as the person's page showed it; None changes it as it is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.calcom import CalcomError, Refused, Unavailable
from dashboard.holds import (
    endings,
    event_types,
    messages,
    offers,
    patching,
    placing,
    rate_and_clock,
    replacing,
    rules,
    starting,
)
from dashboard.holds.altering import Alteration
from dashboard.holds.calls import ONE, Action, Stopwatch
from dashboard.holds.changes import Change, Phase, Spot, minutes_until
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome

Verb = AuditEntry.Action

# Calls that a verb may need, with the GETs that settle them and one undo: its claim lasts for
# their time limits, and it starts only when the rate allows them.
RELEASE = 4
# What a colleague may do to end a hold, as codes in the audit.
RELEASE_REASONS = ("client_rang_off", "client_chose_other", "booked", "mistake", "other")


def place(
    *,
    by: Actor,
    event_type_id: int,
    slot_start: datetime,
    slot_duration: int | None = None,
    reservation_duration: int,
    client: placing.ClientDetails = placing.NOBODY,
    token: placing.Token = None,
    offer: int | None = None,
    now: datetime,
) -> Hold:
    """Reserve a slot (POST). The same token again gives the first one's hold.

    As one more time of an ``offer`` it is for the same client as the others.

    https://cal.com/docs/api-reference/v2/slots/reserve-a-slot
    """
    watch = Stopwatch(now)
    wish = placing.Wish(event_type_id, slot_start, slot_duration, reservation_duration, offer)
    try:
        with (
            starting.attempt(Verb.PLACE, by=by, hold_id=None, asked=wish.asked(), now=now),
            placing.once(by, token),
        ):
            known = rate_and_clock.load()
            rules.slot(event_type_id, slot_start, at=known.at(now))
            rules.reservation_duration(reservation_duration)
            starting.room_for(placing.PLACE, known=known, now=now, safe=messages.nothing_held())
            event_type = event_types.event_type(event_type_id)
            rules.slot_duration(slot_duration, event_type)
            if offer is not None:
                client = _same_client(offer, client, by)
            rest = placing.place(
                by=by,
                wish=wish,
                event_type=event_type,
                client=client,
                token=token,
                known=known,
                watch=watch,
            )
    except placing.AlreadyAskedError as asked:
        return asked.first
    return rest()


def _same_client(offer: int, client: placing.ClientDetails, by: Actor) -> placing.ClientDetails:
    """Who was offered the other times. The note is this hold's own."""
    offers.may_join(offer, by)
    first = offers.first_of(offer)
    if first is None:
        raise messages.no_offer()
    return replace(client, name=first.client_name, contact=first.client_contact)


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

    Never shortens. ``retake`` agrees to release and reserve anew, should nothing else work.
    """
    watch = Stopwatch(now)
    asked = _without_none(
        reservation_duration=reservation_duration,
        add=add,
        held_until=endings.iso(until),
        retake=retake or None,
    )
    with starting.attempt(Verb.EXTEND, by=by, hold_id=hold_id, asked=asked, now=now):
        known = rate_and_clock.load()
        at = known.at(now)
        hold = _changeable(hold_id, by=by, version=version, at=at, now=now, revive=True)
        minutes = _minutes(hold, reservation_duration, add, until, at)
        rules.reservation_duration(minutes)
        end = at + timedelta(minutes=minutes)
        if hold.is_live(at) and hold.held_until and end < hold.held_until - timedelta(seconds=2):
            raise messages.would_shorten(hold, field="until" if until else "reservation_duration")
        target = replace(Spot.of(hold), until=end)
        wanted = Alteration(hold, Verb.EXTEND, target, by, asked, known, watch)
        new_first = patching.is_round_robin(hold)
        rest = replacing.new_first(wanted) if new_first else patching.patch(wanted)
    try:
        return rest()
    except HoldError as error:
        if not (retake and error.retake):
            raise
    return _retake(wanted)


def _retake(wanted: Alteration) -> Hold:
    """An action of its own after the one that found no safe way, if the hold is as that left it."""
    by, left = wanted.by, wanted.hold
    now = wanted.watch.now()
    with starting.attempt(Verb.EXTEND, by=by, hold_id=left.pk, asked=wanted.asked, now=now):
        known = rate_and_clock.load()
        at = known.at(now)
        hold = _changeable(left.pk, by=by, version=left.version, at=at, now=now)
        rest = replacing.retake(replace(wanted, hold=hold, known=known))
    return rest()


def move(
    *,
    hold_id: int,
    by: Actor,
    slot_start: datetime,
    event_type_id: int | None = None,
    slot_duration: int | None = None,
    reservation_duration: int | None = None,
    version: int | None = None,
    now: datetime,
) -> Hold:
    """Hold another slot instead. Without minutes the hold keeps its end."""
    watch = Stopwatch(now)
    asked = _without_none(
        slot_start=slot_start.isoformat(),
        event_type_id=event_type_id,
        slot_duration=slot_duration,
        reservation_duration=reservation_duration,
    )
    with starting.attempt(Verb.MOVE, by=by, hold_id=hold_id, asked=asked, now=now):
        known = rate_and_clock.load()
        at = known.at(now)
        hold = _changeable(hold_id, by=by, version=version, at=at, now=now)
        target = move_target(
            hold,
            slot_start=slot_start,
            event_type_id=event_type_id,
            slot_duration=slot_duration,
            reservation_duration=reservation_duration,
            at=at,
        )
        wanted = Alteration(hold, Verb.MOVE, target, by, asked, known, watch)
        elsewhere = target.event_type_id != hold.event_type_id
        new_first = elsewhere or patching.is_round_robin(hold)
        rest = replacing.new_first(wanted) if new_first else patching.patch(wanted)
    return rest()


def move_target(
    hold: Hold,
    *,
    slot_start: datetime,
    event_type_id: int | None,
    slot_duration: int | None,
    reservation_duration: int | None,
    at: datetime,
) -> Spot:
    """Where a move would go, checked against our rules. Raises HoldError."""
    wanted = event_type_id or hold.event_type_id
    rules.slot(wanted, slot_start, at=at)
    event_type = event_types.event_type(wanted)
    rules.slot_duration(slot_duration, event_type)
    if reservation_duration is not None:
        rules.reservation_duration(reservation_duration)
    elif hold.held_until is None:
        raise messages.not_confirmed(hold)
    minutes = reservation_duration or minutes_until(hold.held_until or at, at)
    same = wanted == hold.event_type_id
    if slot_duration is None and same:
        slot_duration = hold.slot_duration
    length = event_types.length_of(event_type, slot_duration) or slot_duration
    old = Spot.of(hold)
    span = timedelta(minutes=length) if length else old.slot_end - old.slot_start
    target = Spot(
        wanted, slot_start, slot_start + span, slot_duration, at + timedelta(minutes=minutes)
    )
    if same and (target.slot_start, target.slot_end) == (old.slot_start, old.slot_end):
        raise messages.same_time(hold)
    return target


def release(
    *,
    hold_id: int,
    by: Actor,
    reason: str = "",
    note: str = "",
    version: int | None = None,
    spare: int = 0,
    now: datetime,
) -> Hold:
    """Give the time free (DELETE), after a GET that tells whether it was still there.

    Releasing what is released already changes nothing and is no error. ``spare`` calls of the rate
    allowance are left for others.
    """
    watch = Stopwatch(now)
    asked = _without_none(reason=reason or None)
    with starting.attempt(Verb.RELEASE, by=by, hold_id=hold_id, asked=asked, now=now):
        known = rate_and_clock.load()
        at = known.at(now)
        hold = starting.fetch(hold_id)
        rules.may_act(hold, by)
        if hold.state == Hold.State.RELEASED and hold.change is None:
            return hold
        hold = _changeable(hold_id, by=by, version=version, at=at, now=now)
        starting.room_for(2 + spare, known=known, now=now, safe=messages.still_yours(hold, at))
        action = starting.begin(
            action=Verb.RELEASE,
            by=by,
            asked=asked,
            before=endings.snapshot(hold),
            first=("GET", ONE),
            planned=RELEASE,
            known=known,
            watch=watch,
            claim=starting.claiming(hold, verb="release", by=by, watch=watch),
            hold_id=hold_id,
            reason=reason,
        )
    with endings.within_claim(action, hold):
        return _release(action, hold, reason=reason, note=note)


def _release(action: Action, hold: Hold, *, reason: str, note: str) -> Hold:
    uid = hold.reservation_uid or ""
    spot = Spot.of(hold)
    change = Change("release", Phase.DELETING, spot, spot, action.settled_by())
    try:
        found = action.get(uid)
        if found is not None:
            action.write(change=change.to_json(), end_reason=reason, end_note=note)
            action.delete(uid)
    except (Refused, Unavailable) as error:
        unchanged: dict[str, Any] = {"change": None, "end_reason": "", "end_note": ""}
        endings.finish(action, hold, messages.outcome_of(error), **unchanged)
        raise messages.of_call(
            error, safe=messages.still_yours(hold, action.at()), hold=hold
        ) from error
    except CalcomError as error:
        raise endings.unknown(action, hold, error, change) from error
    state = Hold.State.RELEASED if found else endings.vanished(hold, action.at())
    fields: dict[str, Any] = endings.ended(state, action.at(), reason=reason) | {"end_note": note}
    cause = "" if found else "was_already_gone"
    endings.finish(action, hold, Outcome.OK, cause=cause, reason=reason, **fields)
    return hold


def _changeable(
    hold_id: int,
    *,
    by: Actor,
    version: int | None,
    at: datetime,
    now: datetime,
    revive: bool = False,
) -> Hold:
    """A hold that stands at cal.com. ``revive`` also takes one that ran out."""
    hold = starting.ready(hold_id, by=by, version=version, at=at, now=now)
    allowed = {Hold.State.HELD} | ({Hold.State.EXPIRED} if revive else set())
    if hold.state in {Hold.State.UNCONFIRMED, Hold.State.PLACING} or hold.reservation_uid is None:
        raise messages.not_confirmed(hold) if not hold.has_ended else messages.has_ended(hold)
    if hold.state not in allowed:
        raise messages.has_ended(hold)
    return hold


def _minutes(
    hold: Hold, minutes: int | None, add: int | None, until: datetime | None, at: datetime
) -> int:
    """Minutes from now; added ones are counted on from held-until, rounded up."""
    if minutes is not None:
        return minutes
    if until is not None:
        rules.until(until, at=at)
        return minutes_until(until, at)
    if add is None:
        raise messages.how_long(hold)
    rules.reservation_duration(add)
    start = max(hold.held_until or at, at)
    return minutes_until(start + timedelta(minutes=add), at)


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
