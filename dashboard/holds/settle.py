"""What time decided, and finishing what died half-way. The system acts (``by=None``)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import translation

from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.calcom import CalcomError, Refused, Reservation, Unknown
from dashboard.holds import calls, claims, endings, messages, placing, rate_and_clock, starting
from dashboard.holds.calls import ONE, Action, Stopwatch
from dashboard.holds.changes import Change, Phase, Spot, UnreadableChangeError, Where
from dashboard.holds.claims import Asking, BeingAskedError, NotClaimedError
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import Outcome

Verb = AuditEntry.Action
State = Hold.State

# A GET, then at most one PATCH or DELETE.
PLANNED = 2
# Holds whose time is recorded in one go, so that a request stays short.
AT_ONCE = 200

DIED = "process_died"
UNREADABLE = "unreadable_change"
# Holds of which the register says what cal.com may still have.
MAY_STAND = (State.HELD, State.EXPIRED)

log = logging.getLogger(__name__)
# What went wrong with which hold in this process: it is tried again and again, and told once.
_told: set[tuple[int, type[Exception]]] = set()


def settle_times(now: datetime) -> int:
    """Record what time alone has decided. Asks nobody. Returns how many holds that were."""
    at = rate_and_clock.cal_now(now)
    # In no order: to sort them by a key, SQLite would read the whole history along that key.
    due = Hold.objects.past_their_time(at, now)[:AT_ONCE]
    recorded = 0
    for hold in due:
        with _by_itself(hold.pk):
            recorded += _record_time(hold, at, now)
    return recorded


def settle_changes(now: datetime) -> int:
    """Finish changes that died half-way. Returns how many are left."""
    watch = Stopwatch(now)
    left = Hold.objects.left_half_way(now).order_by("changed_at")
    for hold in left:
        with _by_itself(hold.pk):
            finish(hold.pk, now=watch.now(), spare=rate_and_clock.KEPT_FOR_PEOPLE)
    return Hold.objects.left_half_way(watch.now()).count()


def bring_to_rest(hold_id: int, now: datetime) -> None:
    """Before somebody opens or changes a hold: what time decided of it, and what was left open."""
    hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None:
        return
    at = rate_and_clock.cal_now(now)
    with _by_itself(hold_id):
        if Hold.objects.past_their_time(at, now).filter(pk=hold_id).exists():
            _record_time(hold, at, now)
        if Hold.objects.left_half_way(now).filter(pk=hold_id).exists():
            finish(hold_id, now=now)


@contextmanager
def _by_itself(hold_id: int) -> Iterator[None]:
    """One hold that nobody expected so keeps neither the others from rest nor its page away."""
    try:
        yield
    except (InterfaceError, OperationalError):  # the database is away, for all of them
        raise
    except Exception as error:
        if (hold_id, type(error)) not in _told:
            _told.add((hold_id, type(error)))
            log.exception("hold %s cannot be settled; it is tried again", hold_id)


def _record_time(hold: Hold, at: datetime, now: datetime) -> bool:
    """One hold, once: whoever comes second finds the version changed."""
    if hold.claim_id is not None:
        return _bury(hold, at, now)
    end = hold.held_until if hold.state == State.HELD else hold.latest_end
    return _expire(hold, end or at, now)


def _expire(hold: Hold, end: datetime, now: datetime) -> bool:
    before = endings.snapshot(hold)
    with transaction.atomic(durable=True):
        if not _write(hold, now, **endings.ended(State.EXPIRED, end)):
            return False
        trail.event(
            action=Verb.EXPIRE,
            by=None,
            outcome=Outcome.OK,
            hold_id=hold.pk,
            before=before,
            after=endings.snapshot(hold),
            now=now,
        )
    return True


def _bury(hold: Hold, at: datetime, now: datetime) -> bool:
    """The process that claimed the hold is dead, or so slow that it may no longer write.

    A placing whose answer nobody recorded may stand at cal.com; its action gets the outcome
    that it lacks.
    """
    before = endings.snapshot(hold)
    fields = claims.ended()
    if hold.state == State.PLACING:
        asked_by = at - (now - hold.claim_until) if hold.claim_until else at
        fields |= placing.perhaps(placing.latest_end(asked_by, hold.reservation_duration))
    action_id = hold.claim_id
    action = Verb(hold.claim_verb) if hold.claim_verb in Verb.values else Verb.SETTLE
    with transaction.atomic(durable=True):
        if action_id is None or not _write(hold, now, **fields):
            return False
        # A stand-in has the same action, and may be buried at the same moment.
        trail.outcome_once(
            trail.resume(action_id=action_id, action=action, by=None, hold_id=hold.pk),
            outcome=Outcome.UNKNOWN,
            before=before,
            after=endings.snapshot(hold),
            error_code=DIED,
            now=now,
        )
    return True


def _write(hold: Hold, now: datetime, **fields: Any) -> bool:
    unchanged = Hold.objects.filter(pk=hold.pk, version=hold.version)
    if not unchanged.update(version=F("version") + 1, changed_at=now, **fields):
        return False
    for name, value in fields.items():
        setattr(hold, name, value)
    return True


def finish(hold_id: int, *, now: datetime, spare: int = 0) -> None:
    """Look where a half-way changed hold is, and bring it to rest: a GET, then at most one write.

    What cannot be done now stays written down for the next time. ``spare`` calls of the rate
    allowance are left for others, but by a parked one, whose time is free for anybody.
    """
    watch = Stopwatch(now)
    hold = starting.fetch(hold_id)
    if hold.claim_id is not None:
        _bury(hold, rate_and_clock.cal_now(now), now)
        hold = starting.fetch(hold_id)
    change = _left(hold)
    if change is None:
        _set_aside(hold, now)
        return
    known = rate_and_clock.load()
    needed = PLANNED + (spare if change.parked is None else 0)
    if known.seconds_to_wait(needed, now) is not None:
        return
    try:
        action = _begin(hold, change, known, watch)
    except (NotClaimedError, BeingAskedError):  # somebody is at work on it, or on its time
        return
    _finish(action, hold, change)


def _left(hold: Hold) -> Change | None:
    """What is under way at cal.com; None where nobody can tell."""
    try:
        return Change.from_json(hold.change) if hold.reservation_uid else None
    except UnreadableChangeError:
        return None


def _set_aside(hold: Hold, now: datetime) -> None:
    """Nobody can tell what was left to do at cal.com: a check, or time, has to tell the end.

    Does nothing where somebody else has brought the hold to rest meanwhile.
    """
    before = endings.snapshot(hold)
    fields: dict[str, Any] = {"change": None}
    if hold.state in MAY_STAND:
        at = rate_and_clock.cal_now(now)
        latest = placing.latest_end(at, settings.HOLD_MINUTES_MAX)
        fields |= placing.perhaps(max(latest, hold.held_until or latest))
        fields |= {"reservation_uid": hold.reservation_uid, "ended_at": None, "end_reason": ""}
    with transaction.atomic(durable=True):
        is_left = Hold.objects.filter(pk=hold.pk, change__isnull=False).exists()
        if not is_left or not _write(hold, now, **fields):
            return
        with translation.override(settings.LANGUAGE_CODE):
            message = messages.unreadable_change()
        trail.event(
            action=Verb.SETTLE,
            by=None,
            outcome=Outcome.UNAVAILABLE,
            hold_id=hold.pk,
            before=before,
            after=endings.snapshot(hold),
            error_code=UNREADABLE,
            message=message,
            now=now,
        )
    log.error("hold %s: what is written down of its change cannot be read", hold.pk)


def _begin(hold: Hold, change: Change, known: Upstream, watch: Stopwatch) -> Action:
    return calls.begin(
        action=Verb.SETTLE,
        by=None,
        asked={},
        before=endings.snapshot(hold),
        method="GET",
        path=ONE,
        calls=PLANNED,
        known=known,
        watch=watch,
        hold=starting.claiming(hold, verb="settle", by=None, watch=watch, asking=_asking(change)),
    )


def _asking(change: Change) -> Asking | None:
    """The time that a parked hold goes back to is guarded like any that is asked for."""
    if change.parked is None or change.phase is Phase.DISCARDING:
        return None
    spot = change.origin if change.phase is Phase.UNDOING else change.target
    return Asking(spot.event_type_id, spot.slot_start, spot.slot_end)


def _finish(action: Action, hold: Hold, change: Change) -> None:
    try:
        found = action.get(hold.reservation_uid or "", tries=1)
    except CalcomError as error:  # nothing was tried, so nothing was turned away
        _end(action, hold, messages.outcome_of(error), cause=str(error.cause))
        return
    try:
        fields = _next(action, hold, change, found)
    except Unknown as error:  # the write may have landed: the next look tells
        _end(action, hold, Outcome.UNKNOWN, cause=str(error.cause))
    except Refused as error:
        latest = Change.from_json(hold.change) if hold.change else change
        fields = {"change": latest.turned_away().to_json()}
        _end(action, hold, Outcome.REFUSED, cause=str(error.cause), **fields)
    except CalcomError as error:
        _end(action, hold, Outcome.UNAVAILABLE, cause=str(error.cause))
    except claims.ClaimLostError:
        action.give_up()
    else:
        _end(action, hold, Outcome.OK, **fields)


def _next(action: Action, hold: Hold, change: Change, found: Reservation | None) -> dict[str, Any]:
    """The one write that is due, if any, and what to record of the hold. Raises CalcomError."""
    where = change.find(found)
    if change.phase in (Phase.DELETING, Phase.DISCARDING):
        return _delete_left(action, hold, change, found)
    if change.phase is Phase.RETAKING:
        return _retake_left(action, change, found)
    if found is None:
        return endings.ended(endings.vanished(hold, action.at()), action.at())
    if where is Where.PARKED:
        return _leave_parking(action, hold, change)
    if where is Where.ELSEWHERE or where is Where.TARGET or _has_landed(action, change):
        return endings.held(found) | {"change": None} | _length(change, where)
    return {}  # at its origin, and the last write may still land


def _leave_parking(action: Action, hold: Hold, change: Change) -> dict[str, Any]:
    """Back to the target, for a refused move back to the origin; lost when that is refused too."""
    uid = hold.reservation_uid or ""
    if action.at() >= max(change.origin.until, change.target.until):
        action.delete(uid, tries=1)
        return endings.ended(State.EXPIRED, action.at())
    if change.phase is Phase.TURNED_AWAY:
        lost = endings.ended(State.LOST, action.at(), reason="already_reserved")
        discarding = _in_phase(action, change, Phase.DISCARDING)
        action.write(**lost | {"change": discarding.to_json()})
        action.delete(uid, tries=1)
        return lost
    undoing = change.phase is Phase.UNDOING
    spot = change.origin if undoing else change.target
    phase = Phase.UNDOING if undoing else Phase.ARRIVING
    arrived = action.update(uid, spot, _in_phase(action, change, phase))
    return endings.held(arrived) | {"change": None, "slot_duration": spot.slot_duration}


def _delete_left(
    action: Action, hold: Hold, change: Change, found: Reservation | None
) -> dict[str, Any]:
    """Finish a release, or delete what a lost hold left parked. What has run out needs neither."""
    ran_out = found is not None and found.reservation_until <= action.at()
    if found is not None and not ran_out:
        action.delete(hold.reservation_uid or "", tries=1)
    if change.phase is Phase.DISCARDING:
        return {"change": None}
    if found is not None and ran_out:
        return endings.ended(State.EXPIRED, found.reservation_until)
    return endings.ended(State.RELEASED, action.at(), reason=hold.end_reason)


def _retake_left(action: Action, change: Change, found: Reservation | None) -> dict[str, Any]:
    """A retake that died at its DELETE: either it still stands, or it is given up."""
    if found is None:
        return endings.ended(State.LOST, action.at(), reason="not_retaken")
    if _has_landed(action, change):
        return endings.held(found) | {"change": None}
    return {}


def _has_landed(action: Action, change: Change) -> bool:
    """Whether the last write can no longer land."""
    return action.now() >= change.settled_by


def _length(change: Change, where: Where) -> dict[str, Any]:
    at: dict[Where, Callable[[], Spot]] = {
        Where.TARGET: lambda: change.target,
        Where.ORIGIN: lambda: change.origin,
    }
    return {"slot_duration": at[where]().slot_duration} if where in at else {}


def _in_phase(action: Action, change: Change, phase: Phase) -> Change:
    return replace(change, phase=phase, settled_by=action.settled_by())


def _end(action: Action, hold: Hold, outcome: Outcome, *, cause: str = "", **fields: Any) -> None:
    for name, value in fields.items():
        setattr(hold, name, value)
    try:
        action.finish(outcome, after=endings.snapshot(hold), cause=cause, **fields)
    except claims.ClaimLostError:
        action.give_up()
