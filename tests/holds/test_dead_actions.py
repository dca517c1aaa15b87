"""Each action gets an outcome, also one that only reads and whose process died."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.models import MAX_SILENCE, AuditEntry
from dashboard.calcom_state import clock
from dashboard.holds import checks, dead_actions, lookup, reservations, settle
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.audit.reset import without_triggers
from tests.holds import verbs
from tests.holds.crash import KilledError, die
from tests.holds.verbs import LATER, MONDAY

SECOND = timedelta(seconds=1)


def outcomes() -> list[tuple[str, str, str]]:
    found = AuditEntry.objects.filter(kind="outcome").exclude(action="place").order_by("id")
    return list(found.values_list("action", "outcome", "error_code"))


def check(user: User, hold: Hold) -> None:
    verbs.check(user, hold)


def check_many(user: User, hold: Hold) -> None:
    checks.check_many(hold_ids=[hold.pk], by=acting(user), now=timezone.now())


def look_up(user: User, hold: Hold) -> None:
    lookup.look_up(uid="elsewhere", by=acting(user), now=timezone.now())


def take_in(user: User, hold: Hold) -> None:
    lookup.take_in(uid="elsewhere", by=acting(user), now=timezone.now())


@pytest.mark.parametrize("verb", [check, check_many, look_up, take_in])
def test_read_that_died_gets_its_outcome(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, verb: Any
) -> None:
    hold = verbs.place(staff)
    monkeypatch.setattr(reservations, "get", die)
    monkeypatch.setattr(checks, "get_all", die)
    with pytest.raises(KilledError):
        verb(staff, hold)
    action = verb.__name__.removesuffix("_many")

    started = timezone.now()
    settle.settle_all(started + MAX_SILENCE - 10 * SECOND)
    assert outcomes() == []

    settle.settle_all(started + MAX_SILENCE + SECOND)
    assert outcomes() == [(action, "unavailable", "process_died")]
    settle.settle_all(started + 2 * MAX_SILENCE)
    assert len(outcomes()) == 1


def test_read_that_died_before_our_clock_was_set_back_gets_its_outcome(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = verbs.place(staff)
    monkeypatch.setattr(reservations, "get", die)
    with pytest.raises(KilledError):
        check(staff, hold)
    earlier = timezone.now() - timedelta(hours=3)

    dead_actions.close_silent_actions(earlier)
    assert outcomes() == []

    ticks, steady = clock.ticks, clock.base_ms()
    monkeypatch.setattr(clock, "ticks", lambda: ticks() + 200)
    monkeypatch.setattr(clock, "base_ms", lambda: steady)
    dead_actions.close_silent_actions(earlier)
    assert outcomes() == [("check", "unavailable", "process_died")]


def test_read_that_was_only_slow_adds_its_answer(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = verbs.place(staff)
    get = reservations.get

    def be_slow(*args: Any, **more: Any) -> Any:
        settle.settle_all(timezone.now() + 2 * MAX_SILENCE)
        return get(*args, **more)

    monkeypatch.setattr(reservations, "get", be_slow)
    with pytest.raises(HoldError, match="took too long"):
        verbs.check(staff, hold)

    assert outcomes() == [("check", "unavailable", "process_died")]
    kinds = AuditEntry.objects.filter(action="check").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["intent", "outcome", "step"]
    verbs.move(staff, hold, LATER)
    assert verbs.place(staff, start=MONDAY).state == "held"


def test_checks_that_were_only_slow_say_so_one_by_one(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the local clock was set ahead in the middle of them."""
    holds = [verbs.place(staff), verbs.place(staff, start=LATER)]
    run = asyncio.run

    def be_slow(*args: Any) -> Any:
        answers = run(*args)
        first = AuditEntry.objects.get(action="check", kind="intent", hold=holds[0])
        died = trail.Trail(action_id=first.action_id, action=first.action, by=None)
        trail.outcome_once(died, outcome="unavailable", now=timezone.now())
        return answers

    monkeypatch.setattr(asyncio, "run", be_slow)
    results = checks.check_many(
        hold_ids=[hold.pk for hold in holds], by=acting(staff), now=timezone.now()
    )

    late, in_time = results
    assert late.error is not None
    assert late.error.cause == "took_too_long"
    assert in_time.comparison is checks.Comparison.SAME


def test_action_without_outcome_of_any_age_gets_one(calcom: Sandbox, staff: User) -> None:
    now = timezone.now()
    for days in (400, 30, 8):
        trail.intent(action="check", by=acting(staff), now=now - timedelta(days=days))
    assert dead_actions.close_silent_actions(now) == 3
    assert not AuditEntry.objects.without_outcome().exists()


@pytest.mark.django_db(transaction=True)  # PostgreSQL alters no table that has links to write
def test_action_whose_name_was_changed_gets_its_outcome(calcom: Sandbox, staff: User) -> None:
    """One damaged entry must not end the service, which settles in a process of its own."""
    now = timezone.now()
    trail.intent(action="check", by=acting(staff), now=now - timedelta(hours=1))
    with without_triggers(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE dashboard_auditentry SET action = '50%' WHERE kind = 'intent'")
    assert dead_actions.close_silent_actions(now) == 1
    assert not AuditEntry.objects.without_outcome().exists()


def test_action_that_cannot_be_read_gets_no_outcome(calcom: Sandbox, staff: User) -> None:
    if connection.vendor != "sqlite":  # PostgreSQL stores nothing else than a UUID
        return
    now = timezone.now()
    trail.intent(action="check", by=acting(staff), now=now - timedelta(hours=1))
    with without_triggers(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE dashboard_auditentry SET action_id = 'x' WHERE kind = 'intent'")
    before = AuditEntry.objects.count()
    assert dead_actions.close_silent_actions(now) == 0
    assert AuditEntry.objects.count() == before


@pytest.mark.django_db
def test_actions_without_outcome_are_found_by_an_index_however_long_the_log_is() -> None:
    now = timezone.now()
    for _number in range(100):
        trail.event(action="expire", by=None, now=now - timedelta(hours=1))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which knows only now that all others have one
            cursor.execute("ANALYZE dashboard_auditentry, dashboard_loggedaction")
            cursor.execute("SET LOCAL enable_seqscan = off")  # as for a table that is not tiny
    plan = dead_actions.silent_actions(now).explain()
    assert "logged_outcome" in plan
    assert not re.search("SCAN dashboard_auditentry|Seq Scan", plan), plan
