"""Look up reservations that the register does not know (GET), and add them to the board."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from dashboard.accounts.actors import Actor
from dashboard.calcom import CalcomError, EventType, Reservation
from dashboard.holds import event_types, hold_fields, messages, reservations, safety
from dashboard.holds.checks import describe
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import Hold
from dashboard.holds.new_holds import NO_CLIENT, ClientDetails
from dashboard.holds.operation import Action, Operation
from dashboard.holds.problems import Outcome
from dashboard.holds.states import State


@dataclass(frozen=True, slots=True)
class FoundReservation:
    """A reservation that the register does not know, as cal.com tells it."""

    reservation: Reservation
    event_type: EventType | None
    is_live: bool


def known_hold(uid: str) -> Hold | None:
    """Return the hold of a reservation that the register knows."""
    return Hold.objects.filter(reservation_uid=uid).first()


def look_up(*, uid: str, by: Actor, now: datetime) -> FoundReservation | None:
    """Ask cal.com for a reservation that the register does not know. None: nothing is there.

    Raises HoldError.
    """
    with Operation(Action.LOOK_UP, by=by, now=now) as operation:
        found = ask(operation, uid)
        operation.finish(Outcome.OK, after=summary(found))
    if found is None:
        return None
    event_type = event_types.event_type(found.event_type_id)
    return FoundReservation(found, event_type, found.reservation_until > operation.cal_now())


def take_in(
    *, uid: str, by: Actor, client: ClientDetails = NO_CLIENT, now: datetime
) -> Hold | None:
    """Add a live reservation of cal.com to the board. None: nothing is there. Raises HoldError."""
    with Operation(Action.TAKE_IN, by=by, now=now) as operation:
        found = ask(operation, uid)
        if found is None:
            operation.finish(Outcome.OK, after=summary(None))
            return None
        if found.reservation_until <= operation.cal_now():
            operation.finish(Outcome.REFUSED, cause="expired", after=summary(found))
            raise messages.ran_out(found.reservation_until)
        event_type = event_types.event_type(found.event_type_id)
        fields = hold_fields.held(found) | describe(found, event_type)
        fields |= {"reservation_uid": uid}
        try:
            with transaction.atomic(durable=True):
                hold = attach(found, fields, now=operation.now())
                hold = hold or insert(fields, by=by, client=client, now=operation.now())
                after = summary(found)
                operation.record_outcome(Outcome.OK, hold_id=hold.pk, after=after)
        except IntegrityError:  # a colleague added it meanwhile
            operation.finish(Outcome.OK, cause="was_known", after=summary(found))
            return known_hold(uid)
    return hold


def ask(operation: Operation, uid: str) -> Reservation | None:
    """GET a reservation by its uid. Raises HoldError."""
    operation.require_calls(1, safe=safety.nothing_held())
    operation.start_without_claim(None, method="GET")
    try:
        return reservations.get(operation, uid)
    except CalcomError as error:
        operation.finish(messages.outcome_of(error))
        raise messages.call_failed(error, safe=_("Nothing was changed.")) from error


def summary(found: Reservation | None) -> dict[str, Any]:
    """Return what the audit keeps of a reservation that was found."""
    if found is None:
        return {"found": "nothing"}
    return {
        "found": "a reservation",
        "event_type_id": found.event_type_id,
        "slot_start": found.slot_start.isoformat(),
        "slot_end": found.slot_end.isoformat(),
        "held_until": found.reservation_until.isoformat(),
    }


def attach(found: Reservation, fields: Fields, *, now: datetime) -> Hold | None:
    """Give the reservation to a hold whose POST was never answered and which this may well be.

    Return None if there is none, or if it was settled meanwhile.
    """
    waiting = Hold.objects.filter(
        state=State.UNCONFIRMED,
        reservation_uid=None,
        claim_id=None,
        event_type_id=found.event_type_id,
        slot_start=found.slot_start,
    )
    hold = waiting.order_by("id").first()
    if hold is None:
        return None
    unchanged = waiting.filter(pk=hold.pk, version=hold.version)
    if not unchanged.update(version=F("version") + 1, changed_at=now, **fields):
        return None
    return Hold.objects.with_people().get(pk=hold.pk)


def insert(fields: Fields, *, by: Actor, client: ClientDetails, now: datetime) -> Hold:
    """Insert a hold for a reservation that was made elsewhere."""
    return Hold.objects.create(
        holder=by.user,
        client_name=client.name,
        client_contact=client.contact,
        note=client.note,
        reservation_duration=settings.HOLD_MINUTES,
        created_at=now,
        changed_at=now,
        **fields,
    )
