"""Asking cal.com for a new reservation (POST): to place a hold, or to put it in another's stead."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F

from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.calcom import CalcomError, EventType, Refused, Reservation, Unavailable, Unknown
from dashboard.holds import availability, claims, endings, starting, words
from dashboard.holds.calls import COLLECTION, ONE, Action, Stopwatch
from dashboard.holds.changes import Change, Phase, Spot, minutes_until
from dashboard.holds.claims import LANDING, Asking, ClaimLostError
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError, Outcome
from dashboard.holds.ways import FIRST_PAUSE

Verb = AuditEntry.Action
State = Hold.State
Token = uuid.UUID | None

# Calls that may be needed, with their GETs and one undo.
PLACE = 1
NEW_FIRST = 3
RETAKE = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. Minutes."""

    event_type_id: int
    slot_start: datetime
    slot_duration: int | None
    reservation_duration: int

    def asked(self) -> dict[str, Any]:
        """As the audit keeps it."""
        return {
            "event_type_id": self.event_type_id,
            "slot_start": self.slot_start.isoformat(),
            "slot_duration": self.slot_duration,
            "reservation_duration": self.reservation_duration,
        }


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """For whom. Stays with us: cal.com has no field for it."""

    name: str = ""
    contact: str = ""
    note: str = ""


NOBODY = ClientDetails()


class AlreadyAskedError(Exception):
    """The same form was sent before, and its hold is in the register."""


def already_asked(by: Actor, token: Token) -> Hold | None:
    """The hold that this form was sent for before."""
    if token is None:
        return None
    return Hold.objects.filter(holder=by.user, form_token=token).first()


def place(
    *,
    by: Actor,
    wish: Wish,
    event_type: EventType | None,
    client: ClientDetails,
    token: Token,
    known: Upstream,
    watch: Stopwatch,
) -> Hold:
    """Put the hold into the register, ask cal.com, record the answer. Raises HoldError."""
    new = _new(by, wish, event_type, client, token)
    claim = _making(new, verb="place", by=by, watch=watch, asking=_asking(wish, event_type))
    try:
        action = starting.begin(
            action=Verb.PLACE,
            by=by,
            asked=wish.asked(),
            before={},
            first=("POST", COLLECTION),
            planned=PLACE,
            known=known,
            watch=watch,
            claim=claim,
        )
    except (IntegrityError, AlreadyAskedError):
        first = already_asked(by, token)
        if first is None:
            raise
        return first
    return _ask(action, new, wish.reservation_duration)


def _ask(action: Action, hold: Hold, minutes: int) -> Hold:
    """The POST of a hold that is being placed, and what it brought."""
    spot = Spot(
        hold.event_type_id,
        hold.slot_start,
        hold.slot_end or hold.slot_start,
        hold.slot_duration,
        action.at(),
    )
    try:
        reservation = action.reserve(spot, minutes).value
    except (Refused, Unavailable) as error:
        others = _ours_in_the_way(hold, action.at())
        cause = str(error.cause)
        _end(
            action,
            hold,
            words.outcome_of(error),
            **endings.ended(State.REFUSED, action.at(), reason=cause),
        )
        raise words.of_call(error, safe=words.nothing_held(), hold=hold, others=others) from error
    except Unknown as error:
        raise _unconfirmed(action, hold, error, minutes) from error
    try:
        _end(action, hold, Outcome.OK, **_stands(reservation))
    except ClaimLostError as late:
        raise _too_late(action, hold, reservation) from late
    return hold


def _too_late(action: Action, hold: Hold, reservation: Reservation) -> HoldError:
    """The answer came after the claim had been given up: the uid must not be lost with it."""
    unanswered = (State.PLACING, State.UNCONFIRMED, State.EXPIRED)
    waiting = Hold.objects.filter(pk=hold.pk, reservation_uid=None, state__in=unanswered)
    fields = _stands(reservation) | claims.ended()
    waiting.update(version=F("version") + 1, changed_at=action.now(), **fields)
    return endings.took_too_long(action, hold)


def _unconfirmed(action: Action, hold: Hold, error: Unknown, minutes: int) -> HoldError:
    latest = latest_end(action.at(), minutes)
    _end(action, hold, Outcome.UNKNOWN, **perhaps(latest))
    return words.of_call(error, safe=words.perhaps_held(latest), hold=hold)


def latest_end(asked_by: datetime, minutes: int) -> datetime:
    """After this cal.com cannot hold what was asked for until ``asked_by`` any more."""
    return asked_by + LANDING + timedelta(minutes=minutes)


def perhaps(latest: datetime) -> dict[str, Any]:
    """The fields of a hold whose answer never came."""
    return {
        "state": State.UNCONFIRMED,
        "latest_end": latest,
        "held_until": None,
        "reservation_uid": None,
        "change": None,
    }


def new_first(
    hold: Hold,
    verb: AuditEntry.Action,
    *,
    by: Actor,
    target: Spot,
    known: Upstream,
    watch: Stopwatch,
    asked: dict[str, Any],
) -> Hold:
    """POST the new reservation, then DELETE the old one, under the same hold.

    A second row of the register, the stand-in, accounts for whichever reservation the hold
    itself does not have: the new one until it stands, then the old one until it is deleted.
    """
    now = watch.now()
    starting.room_for(NEW_FIRST, known=known, now=now, safe=words.still_yours(hold, known.at(now)))
    minutes = minutes_until(target.until, known.at(now))
    event_type = availability.event_type(target.event_type_id)
    wish = Wish(target.event_type_id, target.slot_start, target.slot_duration, minutes)
    client = ClientDetails(hold.client_name, hold.client_contact, hold.note)
    stand_in = _new(by, wish, event_type, client, None)
    stand_in.holder, stand_in.stands_in_for = hold.holder, hold
    make = _making(stand_in, verb=str(verb), by=by, watch=watch, asking=_asking(wish, event_type))
    action = starting.begin(
        action=verb,
        by=by,
        asked=asked,
        before=endings.snapshot(hold),
        first=("POST", COLLECTION),
        planned=NEW_FIRST,
        known=known,
        watch=watch,
        claim=starting.claiming(hold, verb=str(verb), by=by, watch=watch, also=make),
        hold_id=hold.pk,
    )
    return _put_in_stead(action, hold, stand_in, target, minutes)


def _put_in_stead(action: Action, hold: Hold, stand_in: Hold, target: Spot, minutes: int) -> Hold:
    safe = words.still_yours(hold, action.at())
    try:
        reservation = action.reserve(target, minutes).value
    except (Refused, Unavailable) as error:
        cause = str(error.cause)
        refused = endings.ended(State.REFUSED, action.at(), reason=cause)
        action.also(_writing(action, stand_in, refused | claims.ended()))
        action.finish(words.outcome_of(error), after=endings.snapshot(hold))
        raise words.of_call(error, safe=safe, hold=hold) from error
    except Unknown as error:
        latest = latest_end(action.at(), minutes)
        action.also(_writing(action, stand_in, perhaps(latest) | claims.ended()))
        action.finish(Outcome.UNKNOWN, after=endings.snapshot(hold))
        safe = f"{safe} {words.second_perhaps(latest)}"
        raise words.of_call(error, safe=safe, hold=hold) from error
    return _swap(action, hold, stand_in, target, reservation)


def _swap(
    action: Action, hold: Hold, stand_in: Hold, target: Spot, reservation: Reservation
) -> Hold:
    """The hold takes the new reservation, the stand-in the old one; then the old one is deleted."""
    old = Spot.of(hold)
    uid = hold.reservation_uid or ""
    deleting = Change("release", Phase.DELETING, old, old, action.settled_by())
    action.also(
        _writing(
            action,
            stand_in,
            {
                "state": State.HELD,
                "reservation_uid": uid,
                "event_type_id": old.event_type_id,
                "event_type_title": hold.event_type_title,
                "event_type_kind": hold.event_type_kind,
                "slot_start": old.slot_start,
                "slot_end": old.slot_end,
                "slot_duration": old.slot_duration,
                "held_until": old.until,
                "change": deleting.to_json(),
                "end_reason": "replaced",
            },
        )
    )
    gets = _stands(reservation) | {
        "event_type_title": stand_in.event_type_title,
        "event_type_kind": stand_in.event_type_kind,
        "slot_duration": target.slot_duration,
    }
    action.write(**gets)
    done = endings.ended(State.RELEASED, action.at(), reason="replaced")
    try:
        action.delete(uid)
    except ClaimLostError as late:
        raise _too_late(action, stand_in, reservation) from late
    except CalcomError:
        done = {}  # the stand-in says that it is still to be deleted; settling does it
    action.also(_writing(action, stand_in, done | claims.ended()))
    action.finish(Outcome.OK, after=endings.snapshot(hold) | {"way": "new_first"})
    return hold


def retake(
    hold: Hold,
    *,
    by: Actor,
    target: Spot,
    known: Upstream,
    watch: Stopwatch,
    asked: dict[str, Any],
) -> Hold:
    """DELETE, then POST: in between the time is anybody's. Only where a person agreed to that."""
    now = watch.now()
    starting.room_for(RETAKE, known=known, now=now, safe=words.still_yours(hold, known.at(now)))
    minutes = minutes_until(target.until, known.at(now))
    origin = Spot.of(hold)
    change = Change("retake", Phase.RETAKING, origin, target, now + LANDING)
    asking = Asking(target.event_type_id, target.slot_start, target.slot_end)
    action = starting.begin(
        action=Verb.EXTEND,
        by=by,
        asked=asked,
        before=endings.snapshot(hold),
        first=("DELETE", ONE),
        planned=RETAKE,
        known=known,
        watch=watch,
        claim=starting.claiming(
            hold, verb="extend", by=by, watch=watch, asking=asking, change=change.to_json()
        ),
        hold_id=hold.pk,
    )
    return _delete_and_ask(action, hold, replace(change, settled_by=action.settled_by()), minutes)


def _delete_and_ask(action: Action, hold: Hold, change: Change, minutes: int) -> Hold:
    try:
        action.delete(hold.reservation_uid or "")
    except (Refused, Unavailable) as error:
        action.finish(words.outcome_of(error), after=endings.snapshot(hold), change=None)
        raise words.of_call(error, safe=words.still_yours(hold, action.at()), hold=hold) from error
    except Unknown as error:
        raise endings.unknown(action, hold, error, change) from error
    action.write(
        state=State.PLACING,
        reservation_uid=None,
        held_until=None,
        reservation_duration=minutes,
        change=None,
    )
    try:
        reservation = _ask_until_certain(action, change.target, minutes)
    except (Refused, Unavailable) as error:
        fields = endings.ended(State.LOST, action.at(), reason=str(error.cause))
        _end(action, hold, words.outcome_of(error), **fields)
        raise words.lost(hold, str(error.cause), error.message) from error
    except Unknown as error:
        raise _unconfirmed(action, hold, error, minutes) from error
    except ClaimLostError as late:
        raise endings.took_too_long(action, hold) from late
    try:
        _end(action, hold, Outcome.OK, **_stands(reservation))
    except ClaimLostError as late:
        raise _too_late(action, hold, reservation) from late
    return hold


def _ask_until_certain(action: Action, target: Spot, minutes: int) -> Reservation:
    """A POST that was certainly not done is sent again while there is time."""
    pause = FIRST_PAUSE
    while True:
        try:
            return action.reserve(target, minutes).value
        except Unavailable:
            if not action.has_time_for(1):
                raise
        time.sleep(pause)
        pause *= 2


def _new(
    by: Actor, wish: Wish, event_type: EventType | None, client: ClientDetails, token: Token
) -> Hold:
    length = availability.length_of(event_type, wish.slot_duration) or wish.slot_duration
    return Hold(
        holder=by.user,
        client_name=client.name,
        client_contact=client.contact,
        note=client.note,
        event_type_id=wish.event_type_id,
        event_type_title=availability.title_of(event_type),
        event_type_kind=availability.kind_of(event_type),
        slot_start=wish.slot_start,
        slot_end=wish.slot_start + timedelta(minutes=length) if length else None,
        slot_duration=wish.slot_duration,
        reservation_duration=wish.reservation_duration,
        form_token=token,
    )


def _asking(wish: Wish, event_type: EventType | None) -> Asking | None:
    """The time to guard; none for round robin, which may be held several times."""
    if event_type and availability.is_round_robin(event_type.kind):
        return None
    length = availability.length_of(event_type, wish.slot_duration) or wish.slot_duration
    end = wish.slot_start + timedelta(minutes=length) if length else None
    return Asking(wish.event_type_id, wish.slot_start, end)


def _making(
    new: Hold, *, verb: str, by: Actor, watch: Stopwatch, asking: Asking | None
) -> Callable[[uuid.UUID, datetime], Hold]:
    """What ``begin`` does inside its transaction to put a new hold into the register."""

    def make(claim_id: uuid.UUID, until: datetime) -> Hold:
        now = watch.now()
        if new.form_token and already_asked(by, new.form_token):
            raise AlreadyAskedError
        if asking is not None:
            claims.ask(asking, now=now)
        new.claim_id, new.claim_verb, new.claim_by, new.claim_until = claim_id, verb, by.user, until
        if asking is not None:
            new.asking_event_type = asking.event_type_id
            new.asking_start, new.asking_end = asking.start, asking.end
        new.created_at = new.changed_at = now
        new.save(force_insert=True)
        return new

    return make


def _ours_in_the_way(hold: Hold, at: datetime) -> list[Hold]:
    """Live holds of ours at that time: the first thing to know after a refusal."""
    end = hold.slot_end or hold.slot_start + timedelta(seconds=1)
    ours = Hold.objects.overlapping(hold.event_type_id, hold.slot_start, end).live(at)
    return list(ours.exclude(pk=hold.pk).select_related("holder")[:5])


def _stands(reservation: Reservation) -> dict[str, Any]:
    fields = endings.held(reservation) | {"reservation_uid": reservation.reservation_uid}
    if reservation.reservation_duration is not None:
        fields["reservation_duration"] = reservation.reservation_duration
    return fields


def _writing(action: Action, hold: Hold, fields: dict[str, Any]) -> Callable[[], None]:
    """A write to the stand-in, to be done together with the hold's own."""

    def write() -> None:
        mine = Hold.objects.filter(pk=hold.pk, claim_id=action.claim_id)
        if not mine.update(version=F("version") + 1, changed_at=action.now(), **fields):
            raise ClaimLostError

    return write


def _end(action: Action, hold: Hold, outcome: Outcome, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(hold, name, value)
    action.finish(outcome, after=endings.snapshot(hold), **fields)
