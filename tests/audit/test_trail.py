"""The only writer: one insertion each, and nothing that a database would refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.db import transaction

import dashboard
from dashboard.audit import trail
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from tests.audit.deeds import (
    AFTER,
    BEFORE,
    NOON,
    ONE,
    Action,
    Answered,
    Outcome,
    acting,
    after,
    begin_to_extend,
    extend,
)

WHAT = ("kind", "actor_id", "actor_name", "hold_id", "outcome", "method", "answered_method")


def entries() -> list[AuditEntry]:
    """The test's own, oldest first: adding the cast was written down too."""
    return list(AuditEntry.objects.exclude(action=Action.PERSON_ADDED).order_by("id"))


def test_an_action_is_its_intent_its_steps_and_its_outcome_under_one_number(staff, hold):
    action_id = extend(staff, hold)
    told = [tuple(getattr(entry, name) for name in WHAT) for entry in entries()]
    assert told == [
        ("intent", staff.pk, "staff", hold.pk, "", "PATCH", ""),
        ("step", staff.pk, "staff", hold.pk, "", "PATCH", "PATCH"),
        ("outcome", staff.pk, "staff", hold.pk, "ok", "", "PATCH"),
    ]
    assert {entry.action_id for entry in entries()} == {action_id}
    assert {(e.address, e.user_agent, e.request_id) for e in entries()} == {
        ("192.0.2.7", "Browser/1", "req-1")
    }
    _, _, outcome = entries()
    assert (outcome.status, outcome.milliseconds, outcome.upstream_request_id) == (
        200,
        112,
        "upstream-1",
    )
    assert (outcome.before, outcome.after) == ({}, AFTER | {"way": "park and return"})


def test_every_word_is_one_insertion_and_reads_nothing(staff, hold, django_assert_num_queries):
    with django_assert_num_queries(1) as asked:
        begun = begin_to_extend(staff, hold)
    with django_assert_num_queries(1):
        trail.step(begun, method="GET", path=ONE, answered=None, now=NOON)
    with django_assert_num_queries(1):
        trail.outcome(begun, outcome=Outcome.OK, now=NOON)
    with django_assert_num_queries(1):
        trail.event(action=Action.SIGN_OUT, by=acting(staff), now=NOON)
    with django_assert_num_queries(0):
        trail.resume(action_id=begun.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    assert asked[0]["sql"].startswith('INSERT INTO "dashboard_auditentry"')


def test_the_transaction_is_the_callers(staff, hold):
    with transaction.atomic():
        extend(staff, hold)
        transaction.set_rollback(True)
    assert entries() == []


def test_without_a_person_it_was_the_system(hold):
    trail.event(action=Action.EXPIRE, by=None, hold_id=hold.pk, now=NOON)
    (entry,) = entries()
    assert (entry.actor, entry.actor_name, entry.address) == (None, "system", "")


def test_who_is_not_signed_in_is_called_what_they_typed(db):
    trail.event(
        action=Action.SIGN_IN_FAILED,
        by=None,
        outcome=Outcome.REFUSED,
        actor_name="nobody",
        address="192.0.2.9",
        user_agent="Script/2",
        request_id="req-9",
        now=NOON,
    )
    (entry,) = entries()
    assert (entry.actor, entry.actor_name, entry.address, entry.user_agent, entry.request_id) == (
        None,
        "nobody",
        "192.0.2.9",
        "Script/2",
        "req-9",
    )


def test_a_name_stays_as_it_was_when_the_person_is_renamed(staff, hold):
    extend(staff, hold)
    staff.first_name, staff.last_name = "Another", "Name"
    staff.save()
    assert {entry.actor_name for entry in entries()} == {"staff"}


def test_the_claim_and_its_action_share_a_number(staff, hold):
    first = begin_to_extend(staff, hold)
    second = trail.intent(
        action=Action.CHECK, by=None, asked={}, action_id=first.action_id, now=NOON
    )
    assert second.action_id == first.action_id


def test_what_died_is_finished_under_its_own_number_by_whom_it_was(staff, hold):
    died = begin_to_extend(staff, hold)
    resumed = trail.resume(action_id=died.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    trail.outcome(resumed, outcome=Outcome.OK, after=AFTER, now=after(600))
    intent, outcome = entries()
    assert intent.action_id == outcome.action_id
    assert (intent.actor_name, outcome.actor_name) == ("staff", "system")


def test_an_outcome_can_name_the_hold_that_came_of_it(staff, hold):
    begun = trail.intent(action=Action.TAKE_IN, by=acting(staff), asked={}, now=NOON)
    trail.outcome(begun, outcome=Outcome.OK, hold_id=hold.pk, now=NOON)
    assert [entry.hold_id for entry in entries()] == [None, hold.pk]


HOSTILE = "a\x00b\x1b[31mc\r\nd\u202ee\ud800f"
HARMLESS = "ab[31mc  def"


def test_hostile_text_is_stored_whole_and_harmless(staff, hold):
    actor = Actor(user=staff, address="1" * 90, user_agent=HOSTILE * 900, request_id="r" * 900)
    begun = trail.intent(
        action=Action.MOVE,
        by=actor,
        hold_id=hold.pk,
        asked={"note\x00": [HOSTILE, {"deep": HOSTILE}]},
        before={"text": "x" * 5000},
        method="PATCH" * 9,
        path="/" * 900,
        reason="r" * 900,
        now=NOON,
    )
    trail.outcome(
        begun,
        outcome=Outcome.REFUSED,
        answered=Answered(HOSTILE, "p" * 900, 422, 2**40, HOSTILE * 90),
        error_code="e" * 900,
        message=HOSTILE + "m" * 9000,
        now=NOON,
    )
    intent, outcome = entries()
    assert intent.asked == {"note": [HARMLESS, {"deep": HARMLESS}]}
    assert intent.before == {"text": "x" * 1000}
    assert (len(intent.address), len(intent.request_id), len(intent.reason)) == (45, 64, 40)
    assert intent.user_agent.startswith(HARMLESS)
    assert len(intent.user_agent) <= 300
    assert (outcome.answered_method, outcome.answered_path) == (HARMLESS[:7], "p" * 100)
    assert (outcome.milliseconds, outcome.error_code) == (2**31 - 1, "e" * 100)
    assert outcome.message.startswith(HARMLESS + "mmm")
    assert len(outcome.message) == 2000


def test_moments_are_stored_in_utc_and_other_things_refused(db):
    rome = timezone(timedelta(hours=1))
    trail.event(
        action=Action.EXPORT,
        by=None,
        asked={"since": datetime(2025, 11, 25, 13, 0, tzinfo=rome), "rows": 3, "all": None},
        now=NOON,
    )
    (entry,) = entries()
    assert entry.asked == {"since": "2025-11-25T12:00:00Z", "rows": 3, "all": None}
    with pytest.raises(TypeError, match="the audit log cannot store"):
        trail.event(action=Action.EXPORT, by=None, asked={"x": object()}, now=NOON)
    with pytest.raises(TypeError, match="the audit log cannot store nan"):
        trail.event(action=Action.EXPORT, by=None, asked={"x": float("nan")}, now=NOON)


def test_nobody_else_in_the_product_writes_or_lifts():
    writers = {
        str(path.relative_to(Path(dashboard.__file__).parent))
        for path in Path(dashboard.__file__).parent.rglob("*.py")
        for text in [path.read_text()]
        if "AuditEntry(" in text.replace("class AuditEntry(", "")
        or any(f"AuditEntry.objects.{verb}" in text for verb in ("create", "bulk_", "get_or"))
        or "tests.audit" in text
    }
    assert writers == {"audit/trail.py"}


def test_the_moment_is_the_callers(staff, hold):
    extend(staff, hold, at=datetime(2020, 1, 1, tzinfo=UTC))
    assert {entry.at.year for entry in entries()} == {2020}
    assert entries()[0].before == BEFORE
