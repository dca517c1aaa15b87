"""Close actions whose process died, so that each has an outcome."""

import uuid
from datetime import datetime

from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.audit import trail
from dashboard.audit.models import MAX_SILENCE, NO_ACTION, AuditEntry, AuditEntryQuerySet
from dashboard.audit.trail import Action, Outcome
from dashboard.calcom_state import clock, rate_and_clock
from dashboard.calcom_state.models import Upstream
from dashboard.holds import claims, hold_fields
from dashboard.holds.models import Hold
from dashboard.holds.states import State

DIED = "process_died"
PUT_ASIDE = "put_aside"
# Since when each action is known that began before the local clock was set back, of clock.ticks.
_ahead_since: dict[uuid.UUID, float] = {}
# What reads only, or records what it did together with its outcome: without one it did nothing.
READS = {Action.CHECK, Action.LOOK_UP, Action.TAKE_IN}


def close_silent_actions(now: datetime) -> int:
    """Record the outcome of each action that lacks one and is over. Return how many those were.

    Most only read: a change is on the hold that it has claimed, and ends with that claim.
    """
    if not rate_and_clock.is_trusted(rate_and_clock.load()):
        return 0
    closed = 0
    for entry in [*silent_actions(now), *actions_ahead(now)]:
        if clock.may_predate_step(entry.at, now):
            continue
        with transaction.atomic(durable=True):
            closed += close(entry, by=None, error_code=DIED, now=now)
    return closed


def put_aside(*, entry_id: int, by: Actor, now: datetime) -> bool:
    """Let a person record the outcome that an action lacks. Return False where it has one by now.

    Raises AuditEntry.DoesNotExist for an entry that opens no such action.
    """
    entry = AuditEntry.objects.openings().get(pk=entry_id)
    if not AuditEntry.objects.filter(pk=entry_id).silent(now).exists():
        return False
    with transaction.atomic(durable=True):
        if not close(entry, by=by, error_code=PUT_ASIDE, now=now):
            return False
        trail.event(
            action=Action.ACTION_CLOSED,
            by=by,
            hold_id=entry.hold_id,
            asked={"entry": entry_id},
            now=now,
        )
    return True


def close(entry: AuditEntry, *, by: Actor | None, error_code: str, now: datetime) -> bool:
    """Record the outcome of the action that an entry opened; return False if it has one.

    Another program may have changed the entry: where its action cannot be read, it gets none.
    """
    if entry.action_id == NO_ACTION:
        return False
    action = Action(entry.action) if entry.action in Action.values else Action.SETTLE
    return trail.outcome_once(
        trail.Trail(action_id=entry.action_id, action=action, by=by, hold_id=entry.hold_id),
        outcome=Outcome.UNAVAILABLE if action in READS else Outcome.UNKNOWN,
        error_code=error_code,
        now=now,
    )


def silent_actions(now: datetime) -> AuditEntryQuerySet:
    """Return the intents of actions that have no outcome and wrote nothing for MAX_SILENCE."""
    return AuditEntry.objects.filter(at__lt=now - MAX_SILENCE).silent(now).order_by("id")


def actions_ahead(now: datetime) -> list[AuditEntry]:
    """Return the intents ahead of the local clock, after it was set back, known for so long."""
    ahead = AuditEntry.objects.filter(at__gt=now + MAX_SILENCE).without_outcome().order_by("id")
    known, ticks = _ahead_since.copy(), clock.ticks()
    _ahead_since.clear()
    _ahead_since.update({each.action_id: known.get(each.action_id, ticks) for each in ahead})
    longest = MAX_SILENCE.total_seconds()
    return [each for each in ahead if ticks - _ahead_since[each.action_id] > longest]


def close_dead_claim(hold: Hold, upstream: Upstream, *, now: datetime) -> bool:
    """End a claim whose process is dead, or so slow that it may no longer write.

    Where the local clock was just set, the end of an earlier claim proves nothing for a while.
    A placing whose answer was never recorded may stand at cal.com. The action gets the outcome
    that it lacks.
    """
    action_id = hold.claim_id
    if action_id is None or hold.claim_until is None:
        return False
    if clock.may_predate_step(hold.changed_at, hold.claim_until):
        return False
    before = hold.snapshot()
    fields = claims.no_claim()
    if hold.state == State.PLACING:
        last, is_trusted = min(now, hold.claim_until), rate_and_clock.is_trusted(upstream)
        asked_by = upstream.cal_at(last) if is_trusted else upstream.cal_now(last)
        minutes = hold.reservation_duration
        fields |= hold_fields.unconfirmed(asked_by, minutes, upstream.answered_at)
    action = Action(hold.claim_verb) if hold.claim_verb in Action.values else Action.SETTLE
    with transaction.atomic(durable=True):
        if not claims.update_as_read(hold, fields, now=now):
            return False
        # A stand-in has the same action, and may be closed at the same moment.
        trail.outcome_once(
            trail.Trail(action_id=action_id, action=action, by=None, hold_id=hold.pk),
            outcome=Outcome.UNKNOWN,
            before=before,
            after=hold.snapshot(),
            error_code=DIED,
            now=now,
        )
    return True
