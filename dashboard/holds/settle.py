"""Settle holds: record what time decided, and finish changes that were interrupted.

The system acts (``by=None``).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, InternalError, OperationalError, transaction
from django.utils import translation

from dashboard.audit import trail
from dashboard.audit.trail import Action, Outcome
from dashboard.calcom_state import rate_and_clock
from dashboard.calcom_state.clock import Clock, longest_claim
from dashboard.calcom_state.models import Upstream
from dashboard.holds import claims, hold_fields, messages
from dashboard.holds.change import Change, Phase, UnreadableChangeError
from dashboard.holds.claims import SlotGuard
from dashboard.holds.dead_actions import close_dead_claim, close_silent_actions
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.holds.runner import run
from dashboard.holds.states import State

CALLS = 2  # a GET, then at most one PATCH or DELETE
# Holds whose time is recorded in one request, so that it stays short.
MOST_AT_ONCE = 200

# Between two looks for a late write. Each is a call, and a line of the hold's story.
LOOK_AGAIN = timedelta(seconds=15)

UNREADABLE = "unreadable_change"

log = logging.getLogger(__name__)
# Failures already logged in this process, by hold and kind: each is tried again and again.
_logged: set[tuple[int, type[Exception]]] = set()


def settle_all(now: datetime) -> int:
    """Record what time decided and finish what was interrupted. Return how much is left."""
    rate_and_clock.load_confirmed()
    settle_times(now)
    reopen_early_ends(now)
    left = settle_changes(now)
    ask_where_awaited(now)
    close_silent_actions(now)
    return left


def settle_times(now: datetime) -> int:
    """Record what time alone has decided, without a call. Return how many holds that were."""
    upstream = rate_and_clock.load()
    # In no order: to sort them by a key, SQLite would read the whole history along that key.
    proven = rate_and_clock.proven_cal_now(upstream, now)
    due = Hold.objects.past_their_time(proven, now)[:MOST_AT_ONCE]
    recorded = 0
    with database_errors_logged():
        for hold in due:
            with other_errors_logged(hold.pk):
                recorded += record_time(hold, upstream, now=now)
    return recorded


def settle_changes(now: datetime) -> int:
    """Finish interrupted changes. Return how many are left.

    Leaves calls of the rate allowance for people, except for a parked hold.
    """
    clock = Clock(now)
    for hold in Hold.objects.left_half_way(now).order_by("changed_at"):
        if was_just_checked(hold, now=now):
            continue
        with other_errors_logged(hold.pk):
            finish_change(hold.pk, now=clock.now(), for_others=rate_and_clock.KEPT_FOR_PEOPLE)
    return Hold.objects.left_half_way(clock.now()).count()


def was_just_checked(hold: Hold, *, now: datetime) -> bool:
    """Return whether a look can wait: one just before found that only time will tell."""
    change = read_change(hold)
    if change is None or not change.is_answered or change.parked is not None:
        return False
    is_recent = now - LOOK_AGAIN < hold.changed_at <= now
    return is_recent and rate_and_clock.cal_now(now) < change.settled_by


def ask_where_awaited(now: datetime) -> None:
    """Ask cal.com whether it answers, where the latest end of a hold waits for that.

    Any verb's answer serves as well, so this calls only where there was none.
    """
    if Hold.objects.filter(state=State.UNCONFIRMED, latest_end=None).exists():
        upstream = rate_and_clock.load()
        if upstream.room(now) != 0:
            rate_and_clock.ask(upstream)
            rate_and_clock.save(upstream)
            settle_times(now)


def reopen_early_ends(now: datetime) -> None:
    """Have each hold that a wrong clock has ended looked at again, as if a change was left open."""
    upstream = rate_and_clock.load()
    if not rate_and_clock.is_trusted(upstream):
        return
    cal_now = upstream.cal_at(now)
    for hold in Hold.objects.ended_too_soon(cal_now)[:MOST_AT_ONCE]:
        if hold.held_until is None:  # it was never confirmed
            fields: Fields = {"state": State.UNCONFIRMED, "ended_at": None}
        else:
            slot = hold.slot_hold()
            look = Change("settle", Phase.PATCHING, slot, slot, cal_now, is_answered=True)
            fields = {"change": look.to_json()}
        claims.update_as_read(hold, fields, now=now)


def load_settled(hold_id: int, *, now: datetime, cal_now: datetime | None = None) -> Hold:
    """Return a hold after recording what time decided of it and finishing what was left open.

    While cal.com hangs, that is left to the service, so that pages are quick.

    ``cal_now`` is read from the register if not given. Raises Hold.DoesNotExist.
    """
    hold = Hold.objects.with_people().get(pk=hold_id)
    cal_now = cal_now or rate_and_clock.cal_now(now)
    is_past = hold.is_past_its_time(cal_now, now)
    is_open = hold.is_left_half_way(now) and not rate_and_clock.hangs()
    if not is_past and not is_open:
        return hold
    with database_errors_logged(), other_errors_logged(hold_id):
        if is_past:
            record_time(hold, rate_and_clock.load(), now=now)
        if is_open:
            finish_change(hold_id, now=now)
    return Hold.objects.with_people().get(pk=hold_id)


@contextmanager
def database_errors_logged() -> Iterator[None]:
    """Log an error of the database: where it only takes no writes, what it has can be read."""
    try:
        yield
    except DatabaseError as error:
        log.warning("holds cannot be settled now: %s", " ".join(str(error).split()))


@contextmanager
def other_errors_logged(hold_id: int) -> Iterator[None]:
    """Log an unexpected error on one hold, which must not stop the others or hide its page."""
    try:
        yield
    except (InterfaceError, InternalError, OperationalError):  # of the database, for all of them
        raise
    except Exception as error:
        if (hold_id, type(error)) not in _logged:
            _logged.add((hold_id, type(error)))
            log.exception("hold %s cannot be settled; it is tried again", hold_id)


# --- What time decided ------------------------------------------------------------------------


def record_time(hold: Hold, upstream: Upstream, *, now: datetime) -> bool:
    """Record one hold, once: the second to come finds the version changed."""
    if hold.claim_id is not None:
        return close_dead_claim(hold, upstream, now=now)
    if hold.unanswered_since is not None:
        since, minutes = hold.unanswered_since, hold.reservation_duration
        is_ahead = since > upstream.cal_at(now) + longest_claim()
        if is_ahead and rate_and_clock.is_trusted(upstream):  # a clock that was wrong noted it
            since = upstream.cal_at(now)
        fields = hold_fields.latest_end(since, minutes, upstream.answered_at)
        is_new = fields["unanswered_since"] != hold.unanswered_since
        return is_new and claims.update_as_read(hold, fields, now=now)
    end = hold.held_until if hold.state == State.HELD else hold.latest_end
    if end is None or end > rate_and_clock.proven_cal_now(upstream, now):
        return False
    return record(hold, hold_fields.ended(State.EXPIRED, end), Action.EXPIRE, now=now)


def record(hold: Hold, fields: Fields, action: Action, *, now: datetime, **said: Any) -> bool:
    """Write to a hold, and say so in the log, if it is as it was read. Return whether it was."""
    before = hold.snapshot()
    with transaction.atomic(durable=True):
        if not claims.update_as_read(hold, fields, now=now):
            return False
        said |= {"before": before, "after": hold.snapshot()}
        trail.event(action=action, by=None, hold_id=hold.pk, now=now, **said)
    return True


# --- Interrupted changes ----------------------------------------------------------------------


def finish_change(hold_id: int, *, now: datetime, for_others: int = 0) -> None:
    """Look where a hold is whose change was interrupted, and finish it: at most two calls.

    What cannot be done now stays in the register for the next time. Of the rate allowance,
    ``for_others`` calls are left, except for a parked hold, whose time is anyone's.
    """
    hold = Hold.objects.with_people().get(pk=hold_id)
    if hold.claim_id is not None:
        close_dead_claim(hold, rate_and_clock.load(), now=now)
        hold = Hold.objects.with_people().get(pk=hold_id)
        if hold.claim_id is not None:
            return
    change = read_change(hold)
    if change is None:
        drop_unreadable_change(hold, now=now)
        return
    operation = Operation(Action.SETTLE, by=None, hold_id=hold_id, now=now)
    for_others = for_others if change.parked is None else 0
    if operation.upstream.seconds_to_wait(CALLS, now, for_others=for_others) is not None:
        return
    first = "POST" if change.phase is Phase.ASKING_AGAIN else "GET"
    try:
        operation.start(hold, method=first, calls=CALLS, guard=guard_of_return(change))
    except HoldError:  # a colleague is at work on it, or on its time
        return
    try:
        run(operation, hold, change)
    except claims.ClaimLostError:
        operation.abandon()


def read_change(hold: Hold) -> Change | None:
    """Return the change to finish; None where no process can."""
    try:
        change = Change.from_json(hold.change)
    except UnreadableChangeError:
        return None
    is_deleted = change.phase is Phase.ASKING_AGAIN
    return change if hold.reservation_uid or is_deleted else None


def guard_of_return(change: Change) -> SlotGuard | None:
    """Return the time to go back to or ask for again, guarded like any that is asked for."""
    if change.phase in {Phase.RETAKING, Phase.ASKING_AGAIN}:
        return SlotGuard.of(change.target)
    if change.parked is None or change.phase is Phase.DISCARDING:
        return None
    return SlotGuard.of(change.origin if change.phase is Phase.UNDOING else change.target)


def drop_unreadable_change(hold: Hold, *, now: datetime) -> None:
    """Give up a change that no process can read: a check, or time, has to tell the end."""
    if not Hold.objects.filter(pk=hold.pk, change__isnull=False).exists():  # settled meanwhile
        return
    fields: Fields = {"change": None}
    if hold.state in (State.HELD, State.EXPIRED):
        cal_now = rate_and_clock.cal_now(now)
        fields |= hold_fields.unconfirmed(cal_now, settings.HOLD_MINUTES_MAX, cal_now)
        fields["latest_end"] = max(fields["latest_end"], hold.held_until or cal_now)
        fields |= {"reservation_uid": hold.reservation_uid, "ended_at": None, "end_reason": ""}
    with translation.override(settings.LANGUAGE_CODE):
        message = messages.unreadable_change()
    said = {"outcome": Outcome.UNAVAILABLE, "error_code": UNREADABLE, "message": message}
    if record(hold, fields, Action.SETTLE, now=now, **said):
        log.error("hold %s: the record of its change cannot be read", hold.pk)
