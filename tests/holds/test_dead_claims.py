"""Claims of dead processes: their actions get one outcome, however many requests close them."""

import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state import clock
from dashboard.holds import alteration, explain, reservations, services, settle
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import factories, verbs
from tests.holds.clocks import SetClock
from tests.holds.concurrency import at_once
from tests.holds.crash import KilledError, die
from tests.holds.observe import at_cal_com, audit_of, in_register
from tests.holds.verbs import LATER, ROUND_ROBIN, SHORT

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

HOUR = timedelta(hours=1)
TOGETHER = 0.3  # seconds; where writers come one after the other, the first waits in vain


@pytest.fixture
def meeting_writers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two writers of an outcome meet before either writes, where the database allows it."""
    barrier, outcome = threading.Barrier(2), trail.outcome

    def wait_and_write(*args: Any, **more: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(TOGETHER)
        outcome(*args, **more)

    monkeypatch.setattr(trail, "outcome", wait_and_write)


def kinds_by_action() -> list[list[str]]:
    """Return the kinds of the entries of each action."""
    kinds: dict[object, list[str]] = {}
    for entry in AuditEntry.objects.exclude(kind="event").order_by("id"):
        kinds.setdefault(entry.action_id, []).append(entry.kind)
    return list(kinds.values())


def test_interrupted_placing_is_unconfirmed(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reservations, "reserve", die)
    with pytest.raises(KilledError):
        verbs.place(staff)
    hold = Hold.objects.get()
    assert hold.state == "placing"

    now = timezone.now()
    counts = [settle.settle_times(now + timedelta(minutes=minutes)) for minutes in (0, 1)]

    hold.refresh_from_db()
    assert (counts, hold.state, hold.claim_id) == ([0, 1], "unconfirmed", None)
    assert audit_of(hold) == [
        ("intent", "place", "POST", ""),
        ("outcome", "place", "", "unknown"),
    ]
    assert AuditEntry.objects.get(kind="outcome").error_code == "process_died"


@pytest.mark.parametrize(
    ("verb", "calls"),
    [
        (lambda user, _hold: verbs.place(user, start=LATER), services.PLACE_CALLS),
        (verbs.release, services.RELEASE_CALLS),
        (partial(verbs.move, event_type_id=SHORT), alteration.NEW_FIRST_CALLS),
    ],
)
def test_wait_for_other_writers_shortens_no_claim(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, verb: Any, calls: int
) -> None:
    """With a dead claim two could ask cal.com for one time."""
    hold = verbs.place(staff)
    later, take = timezone.now() + HOUR, Operation._take

    def take_late(*args: Any, **more: Any) -> None:
        take(*args, **more)
        monkeypatch.setattr(clock.Clock, "now", lambda _clock: later)

    monkeypatch.setattr(Operation, "_take", take_late)
    monkeypatch.setattr(reservations, "reserve", die)
    monkeypatch.setattr(reservations, "delete", die)
    with pytest.raises(KilledError):
        verb(staff, hold)
    claims = Hold.objects.exclude(claim_until=None).values_list("claim_until", flat=True)
    assert set(claims) == {later + clock.time_limit(calls)}


def test_claim_of_an_unknown_verb_is_closed(staff: User) -> None:
    """Another version may have written it."""
    claim = {"claim_id": "5f1c7a52-1111-4222-8333-444455556666", "claim_verb": "teleport"}
    hold = factories.put(staff, **claim, claim_until=timezone.now() - HOUR)

    assert settle.settle_times(timezone.now()) == 1

    hold.refresh_from_db()
    assert (hold.claim_id, hold.state) == (None, "held")
    assert AuditEntry.objects.get(action_id=claim["claim_id"]).action == "settle"


@pytest.mark.django_db(transaction=True)
def test_hold_and_stand_in_are_closed_at_once(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, meeting_writers: None
) -> None:
    """Both have the action whose process died between its two calls."""
    hold = verbs.place(staff, event_type=ROUND_ROBIN)
    monkeypatch.setattr(reservations, "reserve", die)
    with pytest.raises(KilledError):
        verbs.extend(staff, hold)
    now = timezone.now()
    Hold.objects.update(claim_until=now - HOUR)
    stand_in = Hold.objects.exclude(pk=hold.pk).get()

    at_once(
        lambda: settle.load_settled(hold.pk, now=now),
        lambda: settle.load_settled(stand_in.pk, now=now),
    )

    assert list(Hold.objects.values_list("claim_id", flat=True)) == [None, None]
    assert kinds_by_action() == [["intent", "outcome"], ["intent", "outcome"]]


@pytest.mark.django_db(transaction=True)
def test_slow_action_is_closed_while_it_gives_up(
    calcom: Sandbox, staff: User, meeting_writers: None
) -> None:
    """Either may write the outcome; a late action then adds a step with its answer."""
    hold = verbs.place(staff)
    slow = Operation(
        AuditEntry.Action.EXTEND, by=acting(staff), hold_id=hold.pk, now=timezone.now() - HOUR
    )
    slow.start(hold, method="PATCH", calls=1)

    at_once(slow.abandon, lambda: settle.load_settled(hold.pk, now=timezone.now()))

    _placed, extended = kinds_by_action()
    assert extended[:2] == ["intent", "outcome"]
    assert extended[2:] in ([], ["step"])
    assert Hold.objects.get().claim_id is None


@pytest.mark.django_db(transaction=True)
def test_database_refuses_a_second_outcome(calcom: Sandbox, staff: User) -> None:
    verbs.place(staff)
    outcome = AuditEntry.objects.get(kind="outcome")
    action = trail.Trail(action_id=outcome.action_id, action=trail.Action.PLACE, by=None)
    again: dict[str, Any] = {"outcome": trail.Outcome.UNKNOWN, "now": timezone.now()}

    with pytest.raises(IntegrityError):
        trail.outcome(action, **again)
    with transaction.atomic():
        assert trail.outcome_once(action, **again) is False
        Hold.objects.update(note="the transaction goes on")
    trail.step(action, method="", path="", answered=None, now=timezone.now())

    assert Hold.objects.get().note == "the transaction goes on"
    assert kinds_by_action() == [["intent", "outcome", "step"]]


@pytest.mark.parametrize("hours", [2, -3])
def test_step_during_a_verb_lets_no_one_end_its_claim(
    calcom: Sandbox, staff: User, our_clock: SetClock, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    hold = verbs.place(staff)
    run = explain.run

    def step_and_run(*args: Any, **more: Any) -> Any:
        our_clock.ahead = hours * HOUR
        settle.settle_all(timezone.now())
        return run(*args, **more)

    monkeypatch.setattr(explain, "run", step_and_run)
    verbs.extend(staff, hold, 30)

    assert at_cal_com(calcom) == in_register(hold)
    assert AuditEntry.objects.filter(error_code="process_died").count() == 0

    monkeypatch.setattr(explain, "run", die)
    with pytest.raises(KilledError):
        verbs.extend(staff, hold, 60)
    ticks = clock.ticks
    monkeypatch.setattr(clock, "ticks", lambda: ticks() + 200)
    our_clock.ahead += timedelta(seconds=200)
    settle.settle_all(timezone.now())
    hold.refresh_from_db()
    assert hold.claim_id is None
