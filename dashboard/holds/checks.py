"""Looking at cal.com without changing anything there (GET): check, look up, take in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, Q
from django.utils.translation import gettext as _

from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.calcom import AsyncClient, CalcomError, EventType, Exchange, Reservation
from dashboard.holds import calls, endings, event_types, messages, rate_and_clock, rules, starting
from dashboard.holds.calls import ONE, Action, Stopwatch
from dashboard.holds.changes import is_about
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.placing import NOBODY, ClientDetails
from dashboard.holds.problems import HoldError, Outcome

Verb = AuditEntry.Action
State = Hold.State

AT_ONCE = 8
# Ends that somebody outside Holdfast can undo.
MAY_COME_BACK = (State.EXPIRED, State.GONE)
# What makes two holds of the same time.
SLOT = ("event_type_id", "slot_start", "slot_end")


class Finding(StrEnum):
    """What a check found."""

    SAME = "same"
    MOVED = "moved"  # another time or another end than ours: moved outside Holdfast
    GONE = "gone"
    EXPIRED = "expired"
    CHANGED = "changed"  # somebody changed the hold while we looked; nothing was taken over


@dataclass(frozen=True, slots=True)
class Checked:
    """A hold after a check, and what the check found."""

    hold: Hold
    finding: Finding


def check(*, hold_id: int, by: Actor, now: datetime) -> Checked:
    """Ask cal.com for the hold and take over what it says. Raises HoldError.

    https://cal.com/docs/api-reference/v2/slots/get-reserved-slot
    """
    watch = Stopwatch(now)
    with starting.attempt(Verb.CHECK, by=by, hold_id=hold_id, asked={}, now=now):
        known = rate_and_clock.load()
        hold = _checkable(hold_id, by, now)
        starting.room_for(1, known=known, now=now, safe=messages.still_yours(hold, known.at(now)))
    action = _begin_check(hold, by, known, watch)
    try:
        found = action.get(hold.reservation_uid or "")
    except CalcomError as error:
        action.finish(messages.outcome_of(error))
        raise messages.of_call(
            error, safe=messages.still_yours(hold, action.at()), hold=hold
        ) from error
    return _record(action, hold, found)


def _checkable(hold_id: int, by: Actor, now: datetime) -> Hold:
    hold = starting.fetch(hold_id)
    rules.may_act(hold, by)
    if hold.is_claimed(now):
        raise messages.being_changed(hold)
    if hold.change is not None:
        raise messages.being_settled(hold)
    if hold.has_ended and (hold.reservation_uid is None or hold.state not in MAY_COME_BACK):
        raise messages.has_ended(hold)
    if hold.reservation_uid is None:
        raise messages.not_confirmed(hold)
    return hold


def _begin_check(hold: Hold, by: Actor, known: Upstream, watch: Stopwatch) -> Action:
    return calls.begin(
        action=Verb.CHECK,
        by=by,
        asked={},
        before=endings.snapshot(hold),
        method="GET",
        path=ONE,
        calls=1,
        known=known,
        watch=watch,
        hold=hold,
    )


def _record(action: Action, hold: Hold, found: Reservation | None) -> Checked:
    """Take over what was found, if the hold is still as it was when we asked."""
    finding, fields = compare(hold, found, action.at())
    if found is not None and finding is Finding.MOVED:
        fields |= _described(found, event_types.event_type(found.event_type_id))
    if fields:
        free = Q(claim_id=None) | Q(claim_until__lte=action.now())
        asked = Hold.objects.filter(free, pk=hold.pk, version=hold.version, change__isnull=True)
        fields |= {"version": F("version") + 1, "changed_at": action.now()}
        action.only_if(lambda: bool(asked.update(**fields)))
    action.finish(Outcome.OK, after={"found": str(finding)})
    if fields and not action.was_written:
        finding = Finding.CHANGED
    return Checked(starting.fetch(hold.pk), finding)


def compare(hold: Hold, found: Reservation | None, at: datetime) -> tuple[Finding, dict[str, Any]]:
    """What cal.com's answer means for a hold that nobody is changing, and what to write."""
    unsure = hold.state == State.UNCONFIRMED
    if found is None or found.reservation_until <= at:
        may_live = unsure or hold.is_live(at)
        ended = Finding.GONE if found is None and may_live else Finding.EXPIRED
        state = State.GONE if ended is Finding.GONE else State.EXPIRED
        return ended, {} if hold.has_ended else endings.ended(state, at)
    fields = endings.held(found)
    if all(getattr(hold, name) == value for name, value in fields.items()):
        return Finding.SAME, {}
    same_slot = all(getattr(hold, name) == fields[name] for name in SLOT)
    if same_slot and (unsure or is_about(hold.held_until, found.reservation_until)):
        return Finding.SAME, fields
    return Finding.MOVED, fields


@dataclass(frozen=True, slots=True)
class Row:
    """One of several checks: what was found, or why it was not."""

    hold: Hold
    finding: Finding | None
    error: HoldError | None


def check_many(*, hold_ids: Sequence[int], by: Actor, now: datetime) -> list[Row]:
    """Check several holds at once, as far as the rate leaves room. One row for each, in order."""
    watch = Stopwatch(now)
    known = rate_and_clock.load()
    room = known.room(now)
    kept = rate_and_clock.KEPT_FOR_PEOPLE
    left = len(hold_ids) if room is None else max(0, room - kept)
    rows: dict[int, Row] = {}
    actions: list[Action] = []
    for hold_id in dict.fromkeys(hold_ids):
        try:
            with starting.attempt(Verb.CHECK, by=by, hold_id=hold_id, asked={}, now=now):
                hold = _checkable(hold_id, by, now)
                if len(actions) >= left:
                    wait = known.seconds_to_wait(kept + 1, now) or rate_and_clock.DEFAULT_WAIT
                    raise messages.no_room(
                        hold, wait, safe=messages.still_yours(hold, known.at(now))
                    )
        except HoldError as error:
            rows[hold_id] = Row(starting.fetch(hold_id), None, error)
        else:
            actions.append(_begin_check(hold, by, known, watch))
    for action, brought in zip(actions, asyncio.run(_ask_all(actions)), strict=True):
        row = _row(action, brought)
        rows[row.hold.pk] = row
    return [rows[hold_id] for hold_id in dict.fromkeys(hold_ids)]


Brought = tuple[Exchange, Reservation | None, CalcomError | None]


async def _ask_all(actions: Sequence[Action]) -> list[Brought]:
    gate = asyncio.Semaphore(AT_ONCE)
    async with calls.new_async_client() as client:
        return await asyncio.gather(*(_ask(client, gate, action) for action in actions))


async def _ask(client: AsyncClient, gate: asyncio.Semaphore, action: Action) -> Brought:
    uid = action.hold.reservation_uid if action.hold else None
    async with gate:
        try:
            answer = await client.get(uid=uid or "")
        except CalcomError as error:
            return error.exchange, None, error
    return answer.exchange, answer.value, None


def _row(action: Action, brought: Brought) -> Row:
    exchange, found, error = brought
    hold = action.hold
    if hold is None:
        raise ValueError("a check is of a hold")
    action.received(exchange, error)
    if error is None:
        checked = _record(action, hold, found)
        return Row(checked.hold, checked.finding, None)
    action.finish(messages.outcome_of(error))
    failure = messages.of_call(error, safe=messages.still_yours(hold, action.at()), hold=hold)
    return Row(hold, None, failure)


@dataclass(frozen=True, slots=True)
class Found:
    """A reservation that the register does not know, as cal.com tells it."""

    reservation: Reservation
    event_type: EventType | None
    is_live: bool


def known_hold(uid: str) -> Hold | None:
    """The hold of a reservation that the register knows."""
    return Hold.objects.filter(reservation_uid=uid).first()


def look_up(*, uid: str, by: Actor, now: datetime) -> Found | None:
    """Ask cal.com for a reservation that the register does not know. None: nothing is there.

    Raises HoldError.
    """
    action, found = _ask_for(uid, Verb.LOOK_UP, by, now)
    action.finish(Outcome.OK, after=_told(found))
    if found is None:
        return None
    event_type = event_types.event_type(found.event_type_id)
    return Found(found, event_type, found.reservation_until > action.at())


def take_in(*, uid: str, by: Actor, client: ClientDetails = NOBODY, now: datetime) -> Hold | None:
    """Take a live reservation of cal.com into the register. None: nothing is there.

    Raises HoldError.
    """
    action, found = _ask_for(uid, Verb.TAKE_IN, by, now)
    if found is None:
        action.finish(Outcome.OK, after=_told(found))
        return None
    if found.reservation_until <= action.at():
        action.finish(Outcome.REFUSED, after=_told(found), cause="expired")
        raise messages.ran_out(found.reservation_until)
    event_type = event_types.event_type(found.event_type_id)
    stands = endings.held(found) | _described(found, event_type) | {"reservation_uid": uid}

    def take() -> Hold:
        ours = _attach(found, stands, action.now())
        return ours or _unknown_before(by, stands, client, action.now())

    try:
        return action.finish_with(take, Outcome.OK, after=_told(found))
    except IntegrityError:  # a colleague took it in while we asked
        action.finish(Outcome.OK, after=_told(found), cause="was_known")
        return known_hold(uid)


def _ask_for(
    uid: str, verb: AuditEntry.Action, by: Actor, now: datetime
) -> tuple[Action, Reservation | None]:
    watch = Stopwatch(now)
    known = rate_and_clock.load()
    with starting.attempt(verb, by=by, hold_id=None, asked={}, now=now):
        starting.room_for(1, known=known, now=now, safe=messages.nothing_held())
    action = calls.begin(
        action=verb, by=by, asked={}, method="GET", path=ONE, calls=1, known=known, watch=watch
    )
    try:
        return action, action.get(uid)
    except CalcomError as error:
        action.finish(messages.outcome_of(error))
        raise messages.of_call(error, safe=_("Nothing was changed.")) from error


def _told(found: Reservation | None) -> dict[str, Any]:
    if found is None:
        return {"found": "nothing"}
    return {
        "found": "a reservation",
        "event_type_id": found.event_type_id,
        "slot_start": found.slot_start.isoformat(),
        "slot_end": found.slot_end.isoformat(),
        "held_until": found.reservation_until.isoformat(),
    }


def _described(found: Reservation, event_type: EventType | None) -> dict[str, Any]:
    """What a hold says of its event type."""
    several = bool(event_type and event_type.length_options)
    return {
        "event_type_title": event_types.title_of(event_type),
        "event_type_kind": event_types.kind_of(event_type),
        "slot_duration": found.slot_duration if several else None,
    }


def _attach(found: Reservation, stands: dict[str, Any], now: datetime) -> Hold | None:
    """The reservation to a hold of ours whose answer never came, and which this may well be.

    Nothing if that hold was settled while we looked.
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
    if not unchanged.update(version=F("version") + 1, changed_at=now, **stands):
        return None
    return starting.fetch(hold.pk)


def _unknown_before(
    by: Actor, stands: dict[str, Any], client: ClientDetails, now: datetime
) -> Hold:
    return Hold.objects.create(
        holder=by.user,
        client_name=client.name,
        client_contact=client.contact,
        note=client.note,
        reservation_duration=settings.HOLD_MINUTES,
        created_at=now,
        changed_at=now,
        **stands,
    )
