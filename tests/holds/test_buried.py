"""An action that died is ended once, however many come by for its hold and its stand-in."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.holds import calls, claims, rate_and_clock, settle, starting
from dashboard.holds.calls import Action, Stopwatch
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import MONDAY, ROUND_ROBIN
from tests.holds.concurrency import at_once

LONG_AGO = timedelta(hours=1)
TOGETHER = 0.3  # seconds; where writers come one after the other, the first waits in vain


class KilledError(BaseException):
    pass


def die(*_args: object, **_more: object) -> None:
    raise KilledError


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who write an outcome meet before either does, as far as the database lets them."""
    gate, outcome = threading.Barrier(2), trail.outcome

    def wait_and_write(*args: Any, **said: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            gate.wait(TOGETHER)
        outcome(*args, **said)

    monkeypatch.setattr(trail, "outcome", wait_and_write)


def stories() -> list[list[str]]:
    """The kinds of the entries of each action."""
    told: dict[object, list[str]] = {}
    for entry in AuditEntry.objects.exclude(kind="event").order_by("id"):
        told.setdefault(entry.action_id, []).append(entry.kind)
    return list(told.values())


def dead_with_a_stand_in(user: User, monkeypatch: pytest.MonkeyPatch) -> tuple[Hold, Hold]:
    """A hold and its stand-in, whose process died in between the two calls."""
    hold = cast.place(user, event_type=ROUND_ROBIN)
    with monkeypatch.context() as patched:
        patched.setattr(Action, "reserve", die)
        with pytest.raises(KilledError):
            cast.extend(user, hold)
    Hold.objects.update(claim_until=timezone.now() - LONG_AGO)
    return hold, Hold.objects.exclude(pk=hold.pk).get()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(3))
def test_a_hold_and_its_stand_in_are_buried_at_once(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, met: None, _round: int
) -> None:
    hold, stand_in = dead_with_a_stand_in(staff, monkeypatch)
    now = timezone.now()

    ended = at_once(
        lambda: settle.bring_to_rest(hold.pk, now),
        lambda: settle.bring_to_rest(stand_in.pk, now),
    )

    assert ended == [None, None]
    assert list(Hold.objects.values_list("claim_id", flat=True)) == [None, None]
    assert stories() == [["intent", "outcome"], ["intent", "outcome"]]


@pytest.mark.django_db(transaction=True)
def test_a_slow_process_is_buried_while_it_gives_up(
    calcom: Sandbox, staff: User, met: None
) -> None:
    """Whoever writes the outcome first; the other one adds at most that its answer came late."""
    hold = cast.place(staff)
    watch = Stopwatch(timezone.now() - LONG_AGO)
    slow = calls.begin(
        action=AuditEntry.Action.EXTEND,
        by=cast.acting(staff),
        asked={},
        method="PATCH",
        path=cast.ONE,
        calls=1,
        known=rate_and_clock.load(),
        watch=watch,
        hold=starting.claiming(hold, verb="extend", by=cast.acting(staff), watch=watch),
    )

    ended = at_once(slow.give_up, lambda: settle.bring_to_rest(hold.pk, timezone.now()))

    assert ended == [None, None]
    _placed, extended = stories()
    assert extended[:2] == ["intent", "outcome"]
    assert extended[2:] in ([], ["step"])
    assert Hold.objects.get().claim_id is None


@pytest.mark.django_db(transaction=True)
def test_the_database_itself_takes_no_second_outcome(calcom: Sandbox, staff: User) -> None:
    cast.place(staff, start=MONDAY)
    done = AuditEntry.objects.get(kind="outcome")
    begun = trail.resume(action_id=done.action_id, action=trail.Action.PLACE, by=None)
    again: dict[str, Any] = {"outcome": trail.Outcome.UNKNOWN, "now": timezone.now()}

    with pytest.raises(IntegrityError):
        trail.outcome(begun, **again)
    with transaction.atomic():
        assert trail.outcome_once(begun, **again) is False
        claims._take_turn(cast.CONSULT)  # the transaction goes on

    trail.step(begun, method="", path="", answered=None, now=timezone.now())
    assert stories() == [["intent", "outcome", "step"]]
