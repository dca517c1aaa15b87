"""Look up reservations that the register does not know (GET), and add them to the board."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from dashboard.accounts.actors import Actor
from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import Action, Outcome
from dashboard.calcom import EventType, EventTypeKind, Reservation
from dashboard.calcom_state import calcom_client
from dashboard.calendars import catalogue
from dashboard.holds import claims, doubts, hold_fields, messages, reservations, rules
from dashboard.holds.checks import describe
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import NOTE_LENGTH, Hold, HoldQuerySet
from dashboard.holds.new_holds import NO_CLIENT, ClientDetails
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.holds.slots import SlotHold
from dashboard.holds.states import State

# The offset of cal.com's clock is known as precisely as its ``Date``, in whole seconds.
CLOCK_ERROR = timedelta(seconds=1)
NOTHING_FOUND = "nothing_found"  # error code, as cal.com answers that without one


@dataclass(frozen=True, slots=True)
class FoundReservation:
    """A reservation that the register does not know, as cal.com tells it.

    ``doubt`` is for the person who may add it: the hosts of its time are used up.
    """

    reservation: Reservation
    event_type: EventType | None
    is_live: bool
    doubt: HoldError | None


class Taking(StrEnum):
    """Way in which a reservation came to be on the board."""

    ADDED = "added"  # as a new hold
    CONFIRMED = "confirmed"  # it answers the POST of a hold that was unconfirmed
    KNOWN = "known"  # it was there already, and nothing was changed


@dataclass(frozen=True, slots=True)
class TakenIn:
    """The hold of a reservation that was to be added to the board.

    ``unconfirmed`` are others at its time, one of which the reservation may answer.
    """

    hold: Hold
    how: Taking
    unconfirmed: tuple[Hold, ...] = ()


def known_hold(uid: str) -> Hold | None:
    return Hold.objects.filter(reservation_uid=uid).first()


def look_up(*, uid: str, by: Actor, now: datetime) -> FoundReservation | None:
    """Ask cal.com for a reservation unknown here. None: nothing is there. Raises HoldError."""
    with Operation(Action.LOOK_UP, by=by, now=now) as operation:
        found = ask(operation, uid)
        cause = "" if found else NOTHING_FOUND
        operation.finish(Outcome.OK, cause=cause, after=summary(found))
    if found is None:
        return None
    event_type = catalogue.event_type(found.event_type_id)
    cal_now = operation.cal_now()
    wanted = doubts.wanted_hold(SlotHold.of(found), event_type)
    doubt = doubts.more_than_hosts(wanted, cal_now)
    return FoundReservation(found, event_type, found.reservation_until > cal_now, doubt)


def take_in(
    *, uid: str, by: Actor, client: ClientDetails = NO_CLIENT, now: datetime
) -> TakenIn | None:
    """Add a live reservation of cal.com to the board. None: nothing is there. Raises HoldError.

    It becomes a new hold of this person, unless it provably answers the POST of an unconfirmed
    hold that this person may change.
    """
    if known := known_hold(uid):
        return TakenIn(known, Taking.KNOWN)
    with Operation(Action.TAKE_IN, by=by, now=now) as operation:
        found = ask(operation, uid)
        if found is None:
            operation.finish(Outcome.REFUSED, cause=NOTHING_FOUND, after=summary(None))
            return None
        if found.reservation_until <= operation.cal_now():
            operation.finish(Outcome.REFUSED, cause="expired", after=summary(found))
            raise messages.refusal("ran_out", until=found.reservation_until)
        require_calendar(operation, found, by)
        waiting = tuple(unanswered_at(found.event_type_id, found.slot_start))
        if placing := next((hold for hold in waiting if hold.is_claimed(operation.now())), None):
            operation.finish(Outcome.REFUSED, cause="being_asked", after=summary(found))
            raise messages.being_asked(placing)
        fields = hold_fields.held(found) | {"reservation_uid": uid}
        fields |= describe(found, catalogue.event_type(found.event_type_id))
        try:
            with transaction.atomic(durable=True):
                fitting = [hold for hold in waiting if is_answer_to(hold, found, operation)]
                taken = attach(operation, fitting, fields, by=by, client=client)
                if taken is None:
                    hold = insert(fields, by=by, client=client, now=operation.now())
                    taken = TakenIn(hold, Taking.ADDED, waiting)
                after = summary(found)
                operation.record_outcome(Outcome.OK, hold_id=taken.hold.pk, after=after)
        except IntegrityError:  # a colleague added it meanwhile
            operation.finish(Outcome.REFUSED, cause="was_known", after=summary(found))
            return TakenIn(Hold.objects.get(reservation_uid=uid), Taking.KNOWN)
    return taken


def require_calendar(operation: Operation, found: Reservation, by: Actor) -> None:
    """Raise HoldError where the person may not hold for the calendar, and record that."""
    try:
        rules.require_allowed_calendar(found.event_type_id, by.user, now=operation.now())
    except HoldError as error:
        operation.finish(Outcome.REFUSED, cause=error.cause, after=summary(found))
        raise


def ask(operation: Operation, uid: str) -> Reservation | None:
    """GET a reservation by its uid. Raises HoldError."""
    operation.require_calls(1, None)
    operation.start_without_claim(None, method="GET")
    with reservations.hold_error_on_failure(operation, None):
        return reservations.get(operation, uid)


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


def unanswered_at(event_type_id: int, slot_start: datetime) -> HoldQuerySet:
    """Return holds of the time whose POST is under way, or was never answered."""
    asked = Hold.objects.with_people().filter(state__in=(State.PLACING, State.UNCONFIRMED))
    return asked.filter(reservation_uid=None, event_type_id=event_type_id, slot_start=slot_start)


def attach(
    operation: Operation,
    fitting: Sequence[Hold],
    fields: Fields,
    *,
    by: Actor,
    client: ClientDetails,
) -> TakenIn | None:
    """Confirm the one hold whose unanswered POST made the reservation, if this person may.

    It keeps its client; what was typed fills gaps there and is otherwise added to the note.
    """
    if len(fitting) != 1 or not rules.is_allowed(fitting[0], by.user):
        return None
    [hold] = fitting
    fields = fields | with_typed(hold, client)
    has_room = len(fields["note"]) <= NOTE_LENGTH
    if not has_room or not claims.update_unclaimed(hold, fields, now=operation.now()):
        return None
    return TakenIn(hold, Taking.CONFIRMED)


def is_answer_to(hold: Hold, found: Reservation, operation: Operation) -> bool:
    """Return whether only the hold's POST can have made the reservation.

    Its slot is the same, and its end is so many minutes after the time in which the call ran.
    Round robin is never certain: others can reserve the same time beside it.
    """
    is_certain = hold.event_type_kind not in {"", EventTypeKind.ROUND_ROBIN}
    if hold.state != State.UNCONFIRMED or not is_certain or hold.slot_end != found.slot_end:
        return False
    posts = AuditEntry.objects.filter(hold=hold, method="POST")  # those of a stand-in name its hold
    sent_at = posts.order_by("-id").values_list("at", flat=True).first() or hold.created_at
    sent_at = operation.upstream.cal_at(sent_at)
    made_at = found.reservation_until - timedelta(minutes=hold.reservation_duration)
    longest = timedelta(seconds=calcom_client.CALL_SECONDS)
    return sent_at - CLOCK_ERROR <= made_at <= sent_at + longest + CLOCK_ERROR


def with_typed(hold: Hold, client: ClientDetails) -> Fields:
    """Return the client's columns of a hold with what was typed for it."""
    name = hold.client_name or client.client_name
    contact = hold.client_contact or client.client_contact
    typed = asdict(client).values()
    more = [text for text in typed if text and text not in {name, contact, hold.note}]
    note = " · ".join(filter(None, (hold.note, *more)))
    return {"client_name": name, "client_contact": contact, "note": note}


def insert(fields: Fields, *, by: Actor, client: ClientDetails, now: datetime) -> Hold:
    """Insert a hold for a reservation that was made elsewhere."""
    return Hold.objects.create(
        holder=by.user,
        reservation_duration=settings.HOLD_MINUTES,
        created_at=now,
        changed_at=now,
        **asdict(client),
        **fields,
    )
