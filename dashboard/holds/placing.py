"""Asking cal.com for a new reservation (POST): to place a hold."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import F

from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.calcom import EventType, Refused, Reservation, Unavailable, Unknown
from dashboard.holds import claims, endings, event_types, messages, offers, starting
from dashboard.holds.calls import COLLECTION, Action, Stopwatch
from dashboard.holds.changes import Spot
from dashboard.holds.claims import LANDING, Asking, ClaimLostError
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError, Outcome

State = Hold.State
Token = uuid.UUID | None

# Calls that may be needed.
PLACE = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. Minutes."""

    event_type_id: int
    slot_start: datetime
    slot_duration: int | None
    reservation_duration: int
    offer: int | None = None

    def asked(self) -> dict[str, Any]:
        """As the audit keeps it."""
        asked = {
            "event_type_id": self.event_type_id,
            "slot_start": self.slot_start.isoformat(),
            "slot_duration": self.slot_duration,
            "reservation_duration": self.reservation_duration,
        }
        return asked if self.offer is None else asked | {"offer": self.offer}


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """For whom. Stays with us: cal.com has no field for it."""

    name: str = ""
    contact: str = ""
    note: str = ""


NOBODY = ClientDetails()


class AlreadyAskedError(Exception):
    """The same form was sent before, and its hold is in the register."""

    def __init__(self, first: Hold) -> None:
        super().__init__(f"hold {first.pk}")
        self.first = first


@contextmanager
def once(by: Actor, token: Token) -> Iterator[None]:
    """Where a form is refused that was sent before, its hold is the answer to it.

    The register refuses a token that it has, so nobody looks for one beforehand.
    Raises AlreadyAskedError.
    """
    try:
        yield
    except (HoldError, IntegrityError) as error:
        first = Hold.objects.filter(holder=by.user, form_token=token).first() if token else None
        if first is None:
            raise
        raise AlreadyAskedError(first) from error


def place(
    *,
    by: Actor,
    wish: Wish,
    event_type: EventType | None,
    client: ClientDetails,
    token: Token,
    known: Upstream,
    watch: Stopwatch,
) -> endings.Rest:
    """Put the hold into the register; the rest asks cal.com and records the answer.

    Raises HoldError, AlreadyAskedError for a double click, IntegrityError for a used token.
    """
    hold = new_hold(by, wish, event_type, client, token)
    claim = making(hold, verb="place", by=by, watch=watch, asking=asking_for(wish, event_type))
    action = starting.begin(
        action=AuditEntry.Action.PLACE,
        by=by,
        asked=wish.asked(),
        before={},
        first=("POST", COLLECTION),
        planned=PLACE,
        known=known,
        watch=watch,
        claim=claim,
    )
    return lambda: _ask(action, hold, wish.reservation_duration)


def _ask(action: Action, hold: Hold, minutes: int) -> Hold:
    """The POST of a hold that is being placed, and what it brought."""
    with endings.within_claim(action, hold):
        reservation = _reserve(action, hold, minutes)
        return stand(action, hold, reservation)


def _reserve(action: Action, hold: Hold, minutes: int) -> Reservation:
    spot = Spot(
        hold.event_type_id,
        hold.slot_start,
        hold.slot_end or hold.slot_start,
        hold.slot_duration,
        action.at(),
    )
    try:
        return action.reserve(spot, minutes).value
    except (Refused, Unavailable) as error:
        others = endings.in_the_way(error, hold, spot, action.at())
        cause = str(error.cause)
        refused = endings.ended(State.REFUSED, action.at(), reason=cause)
        endings.finish(action, hold, messages.outcome_of(error), **refused)
        raise messages.of_call(
            error, safe=messages.nothing_held(), hold=hold, others=others
        ) from error
    except Unknown as error:
        raise unconfirmed(action, hold, error, minutes) from error


def stand(action: Action, hold: Hold, reservation: Reservation) -> Hold:
    """Record that the hold stands at cal.com."""
    try:
        endings.finish(action, hold, Outcome.OK, **stands(reservation))
    except ClaimLostError as late:
        raise too_late(action, hold, reservation) from late
    return hold


def too_late(action: Action, hold: Hold, reservation: Reservation) -> HoldError:
    """The answer came after the claim had been given up: the uid must not be lost with it."""
    unanswered = (State.PLACING, State.UNCONFIRMED, State.EXPIRED)
    waiting = Hold.objects.filter(pk=hold.pk, reservation_uid=None, state__in=unanswered)
    fields = stands(reservation) | claims.ended()
    waiting.update(version=F("version") + 1, changed_at=action.now(), **fields)
    return endings.took_too_long(action, hold)


def unconfirmed(action: Action, hold: Hold, error: Unknown, minutes: int) -> HoldError:
    latest = latest_end(action.at(), minutes)
    endings.finish(action, hold, Outcome.UNKNOWN, **perhaps(latest))
    return messages.of_call(error, safe=messages.perhaps_held(latest), hold=hold)


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


def new_hold(
    by: Actor, wish: Wish, event_type: EventType | None, client: ClientDetails, token: Token
) -> Hold:
    length = event_types.length_of(event_type, wish.slot_duration) or wish.slot_duration
    return Hold(
        holder=by.user,
        client_name=client.name,
        client_contact=client.contact,
        note=client.note,
        event_type_id=wish.event_type_id,
        event_type_title=event_types.title_of(event_type),
        event_type_kind=event_types.kind_of(event_type),
        slot_start=wish.slot_start,
        slot_end=wish.slot_start + timedelta(minutes=length) if length else None,
        slot_duration=wish.slot_duration,
        reservation_duration=wish.reservation_duration,
        offer_id=wish.offer,
        form_token=token,
    )


def asking_for(wish: Wish, event_type: EventType | None) -> Asking | None:
    """The time to guard; none for round robin, which may be held several times."""
    if event_type and event_types.is_round_robin(event_type.kind):
        return None
    length = event_types.length_of(event_type, wish.slot_duration) or wish.slot_duration
    end = wish.slot_start + timedelta(minutes=length) if length else None
    return Asking(wish.event_type_id, wish.slot_start, end)


def making(
    new: Hold, *, verb: str, by: Actor, watch: Stopwatch, asking: Asking | None
) -> Callable[[uuid.UUID, datetime], Hold]:
    """What ``begin`` does inside its transaction to put a new hold into the register."""

    def make(claim_id: uuid.UUID, until: datetime) -> Hold:
        now = watch.now()
        if asking is not None:
            _ask_for(new, asking, now)
        if new.offer_id is not None:
            offers.join(new.offer_id, now=now)
        new.claim_id, new.claim_verb, new.claim_by, new.claim_until = claim_id, verb, by.user, until
        if asking is not None:
            new.asking_event_type = asking.event_type_id
            new.asking_start, new.asking_end = asking.start, asking.end
        new.created_at = new.changed_at = now
        new.save(force_insert=True)
        return new

    return make


def _ask_for(new: Hold, asking: Asking, now: datetime) -> None:
    """Nobody waits for the first one of their own double click."""
    try:
        claims.ask(asking, now=now)
    except claims.BeingAskedError as busy:
        same = (busy.other.holder_id, busy.other.form_token) == (new.holder_id, new.form_token)
        if same and new.form_token is not None:
            raise AlreadyAskedError(busy.other) from busy
        raise


def stands(reservation: Reservation) -> dict[str, Any]:
    fields = endings.held(reservation) | {"reservation_uid": reservation.reservation_uid}
    if reservation.reservation_duration is not None:
        fields["reservation_duration"] = reservation.reservation_duration
    return fields
