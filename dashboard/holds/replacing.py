"""Putting a new reservation (POST) in the place of one that stands: new first, and retake."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db.models import F

from dashboard.calcom import CalcomError, Refused, Reservation, Unavailable, Unknown
from dashboard.holds import claims, endings, event_types, messages, placing
from dashboard.holds.altering import Alteration
from dashboard.holds.calls import COLLECTION, ONE, Action
from dashboard.holds.changes import Change, Phase, Spot, minutes_until
from dashboard.holds.claims import LANDING, Asking, ClaimLostError
from dashboard.holds.models import Hold
from dashboard.holds.placing import ClientDetails, Wish
from dashboard.holds.problems import Outcome
from dashboard.holds.ways import FIRST_PAUSE

State = Hold.State

# Calls that may be needed, with their GETs and one undo.
NEW_FIRST = 3
RETAKE = 5


def new_first(wanted: Alteration) -> endings.Rest:
    """POST the new reservation, then DELETE the old one, under the same hold.

    A second row of the register, the stand-in, accounts for whichever reservation the hold
    itself does not have: the new one until it stands, then the old one until it is deleted.
    """
    wanted.needs(NEW_FIRST)
    hold, target, by = wanted.hold, wanted.target, wanted.by
    minutes = minutes_until(target.until, wanted.known.at(wanted.watch.now()))
    event_type = event_types.event_type(target.event_type_id)
    wish = Wish(target.event_type_id, target.slot_start, target.slot_duration, minutes)
    client = ClientDetails(hold.client_name, hold.client_contact, hold.note)
    stand_in = placing.new_hold(by, wish, event_type, client, None)
    stand_in.holder, stand_in.stands_in_for = hold.holder, hold
    asking = placing.asking_for(wish, event_type)
    make = placing.making(stand_in, verb=str(wanted.verb), by=by, watch=wanted.watch, asking=asking)
    action = wanted.begin(("POST", COLLECTION), planned=NEW_FIRST, make=make)
    return lambda: _put_in_stead(action, hold, stand_in, target, minutes)


def _put_in_stead(action: Action, hold: Hold, stand_in: Hold, target: Spot, minutes: int) -> Hold:
    with endings.within_claim(action, hold):
        reservation = _reserve_instead(action, hold, stand_in, target, minutes)
        return _swap(action, hold, stand_in, target, reservation)


def _reserve_instead(
    action: Action, hold: Hold, stand_in: Hold, target: Spot, minutes: int
) -> Reservation:
    safe = messages.still_yours(hold, action.at())
    try:
        return action.reserve(target, minutes).value
    except (Refused, Unavailable) as error:
        cause = str(error.cause)
        refused = endings.ended(State.REFUSED, action.at(), reason=cause)
        action.also(_writing(action, stand_in, refused | claims.ended()))
        action.finish(messages.outcome_of(error), after=endings.snapshot(hold))
        others = endings.in_the_way(error, hold, target, action.at())
        raise messages.of_call(error, safe=safe, hold=hold, others=others) from error
    except Unknown as error:
        latest = placing.latest_end(action.at(), minutes)
        action.also(_writing(action, stand_in, placing.perhaps(latest) | claims.ended()))
        action.finish(Outcome.UNKNOWN, after=endings.snapshot(hold))
        safe = f"{safe} {messages.second_perhaps(latest)}"
        raise messages.of_call(error, safe=safe, hold=hold) from error


def _swap(
    action: Action, hold: Hold, stand_in: Hold, target: Spot, reservation: Reservation
) -> Hold:
    """The hold takes the new reservation, the stand-in the old one; then the old one is deleted."""
    uid = hold.reservation_uid or ""
    action.also(_writing(action, stand_in, _old_of(hold, action)))
    gets = placing.stands(reservation) | {
        "event_type_title": stand_in.event_type_title,
        "event_type_kind": stand_in.event_type_kind,
        "slot_duration": target.slot_duration,
    }
    action.write(**gets)
    done = endings.ended(State.RELEASED, action.at(), reason="replaced")
    try:
        action.delete(uid)
    except ClaimLostError as late:
        raise placing.too_late(action, stand_in, reservation) from late
    except CalcomError:
        done = {}  # the stand-in says that it is still to be deleted; settling does it
    action.also(_writing(action, stand_in, done | claims.ended()))
    action.way = "new first"
    action.finish(Outcome.OK, after=endings.snapshot(hold))
    return hold


def _old_of(hold: Hold, action: Action) -> dict[str, Any]:
    """The stand-in's fields: the reservation that the hold had, about to be deleted."""
    old = Spot.of(hold)
    deleting = Change("release", Phase.DELETING, old, old, action.settled_by())
    return {
        "state": State.HELD,
        "reservation_uid": hold.reservation_uid,
        "event_type_id": old.event_type_id,
        "event_type_title": hold.event_type_title,
        "event_type_kind": hold.event_type_kind,
        "slot_start": old.slot_start,
        "slot_end": old.slot_end,
        "slot_duration": old.slot_duration,
        "held_until": old.until,
        "change": deleting.to_json(),
        "end_reason": "replaced",
    }


def retake(wanted: Alteration) -> endings.Rest:
    """DELETE, then POST: in between the time is anybody's. Only where a person agreed to that."""
    wanted.needs(RETAKE)
    now, target = wanted.watch.now(), wanted.target
    minutes = minutes_until(target.until, wanted.known.at(now))
    landed = now + claims.time_limit(RETAKE) + LANDING
    change = Change("retake", Phase.RETAKING, wanted.origin, target, landed)
    asking = Asking(target.event_type_id, target.slot_start, target.slot_end)
    action = wanted.begin(("DELETE", ONE), planned=RETAKE, asking=asking, change=change.to_json())
    return lambda: _delete_and_ask(action, wanted.hold, change, minutes)


def _delete_and_ask(action: Action, hold: Hold, change: Change, minutes: int) -> Hold:
    action.way = "retake"
    with endings.within_claim(action, hold):
        _give_up(action, hold, replace(change, settled_by=action.settled_by()))
        return _ask_anew(action, hold, change.target, minutes)


def _give_up(action: Action, hold: Hold, change: Change) -> None:
    try:
        action.delete(hold.reservation_uid or "")
    except (Refused, Unavailable) as error:
        action.finish(messages.outcome_of(error), after=endings.snapshot(hold), change=None)
        raise messages.of_call(
            error, safe=messages.still_yours(hold, action.at()), hold=hold
        ) from error
    except Unknown as error:
        raise endings.unknown(action, hold, error, change) from error


def _ask_anew(action: Action, hold: Hold, target: Spot, minutes: int) -> Hold:
    action.write(
        state=State.PLACING,
        reservation_uid=None,
        held_until=None,
        reservation_duration=minutes,
        change=None,
    )
    try:
        reservation = _ask_until_certain(action, target, minutes)
    except (Refused, Unavailable) as error:
        fields = endings.ended(State.LOST, action.at(), reason=str(error.cause))
        endings.finish(action, hold, Outcome.REFUSED, cause="lost", **fields)
        raise messages.lost(hold, str(error.cause), error.message) from error
    except Unknown as error:
        raise placing.unconfirmed(action, hold, error, minutes) from error
    return placing.stand(action, hold, reservation)


def _ask_until_certain(action: Action, target: Spot, minutes: int) -> Reservation:
    """A POST that was certainly not done is sent again while there is time."""
    pause = FIRST_PAUSE
    while True:
        try:
            return action.reserve(target, minutes).value
        except Unavailable as error:
            wait = max(pause, error.retry_after or 0)
            if not action.has_time_for(1, after=wait):
                raise
        time.sleep(wait)
        pause *= 2


def _writing(action: Action, hold: Hold, fields: dict[str, Any]) -> Callable[[], None]:
    """A write to the stand-in, to be done together with the hold's own."""

    def write() -> None:
        mine = Hold.objects.filter(pk=hold.pk, claim_id=action.claim_id)
        if not mine.update(version=F("version") + 1, changed_at=action.now(), **fields):
            raise ClaimLostError

    return write
