"""Services that write the log: one INSERT each, of values that every database stores."""

from datetime import datetime, timedelta, timezone

import pytest
from django.db import transaction

from dashboard.accounts.actors import Actor
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import acting
from tests.audit.recorded import (
    AFTER,
    NOON,
    ONE,
    Action,
    Answered,
    Outcome,
    begin_to_extend,
    extend,
)

COLUMNS = ("kind", "actor_id", "actor_name", "hold_id", "outcome", "method", "answered_method")


def entries() -> list[AuditEntry]:
    """Return the test's own entries, oldest first, without those of the fixtures."""
    return list(AuditEntry.objects.exclude(action=Action.PERSON_ADDED).order_by("id"))


def test_action_is_intent_steps_and_outcome_with_one_id(staff, hold):
    action_id = extend(staff, hold)
    rows = [tuple(getattr(entry, name) for name in COLUMNS) for entry in entries()]
    assert rows == [
        ("intent", staff.pk, "staff", hold.pk, "", "PATCH", ""),
        ("step", staff.pk, "staff", hold.pk, "", "PATCH", "PATCH"),
        ("outcome", staff.pk, "staff", hold.pk, "ok", "", "PATCH"),
    ]
    assert {entry.action_id for entry in entries()} == {action_id}
    assert {(e.address, e.user_agent, e.request_id) for e in entries()} == {
        ("192.0.2.7", "Browser/1", "r1")
    }
    _, _, outcome = entries()
    assert (outcome.status, outcome.milliseconds, outcome.upstream_request_id) == (
        200,
        112,
        "upstream-1",
    )
    assert (outcome.before, outcome.after) == ({}, AFTER | {"way": "park and return"})


def test_each_entry_is_one_insert(staff, hold, django_assert_num_queries):
    with django_assert_num_queries(1) as asked:
        begun = begin_to_extend(staff, hold)
    with django_assert_num_queries(1):
        trail.step(begun, method="GET", path=ONE, answered=None, now=NOON)
    with django_assert_num_queries(1):
        trail.outcome(begun, outcome=Outcome.OK, now=NOON)
    with django_assert_num_queries(1):
        trail.event(action=Action.SIGN_OUT, by=acting(staff), now=NOON)
    with django_assert_num_queries(0):
        trail.Trail(action_id=begun.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    assert asked[0]["sql"].startswith('INSERT INTO "dashboard_auditentry"')


def test_transaction_belongs_to_the_caller(staff, hold):
    with transaction.atomic():
        extend(staff, hold)
        transaction.set_rollback(True)
    assert entries() == []


def test_system_without_an_actor(hold):
    trail.event(action=Action.EXPIRE, by=None, hold_id=hold.pk, now=NOON)
    (entry,) = entries()
    assert (entry.actor, entry.actor_name, entry.address) == (None, "system", "")


def test_event_without_sign_in_has_the_given_name(db):
    trail.event(
        action=Action.SIGN_IN_FAILED,
        by=None,
        outcome=Outcome.REFUSED,
        actor_name="unknown",
        address="192.0.2.9",
        user_agent="Script/2",
        request_id="req-9",
        now=NOON,
    )
    (entry,) = entries()
    assert (entry.actor, entry.actor_name, entry.address, entry.user_agent, entry.request_id) == (
        None,
        "unknown",
        "192.0.2.9",
        "Script/2",
        "req-9",
    )


def test_entry_keeps_the_name_of_a_renamed_person(staff, hold):
    extend(staff, hold)
    staff.first_name, staff.last_name = "Another", "Name"
    staff.save()
    assert {entry.actor_name for entry in entries()} == {"staff"}


HOSTILE = "a\x00b\x1b[31mc\r\nd\u202ee\ud800f"
HARMLESS = "ab[31mc  def"


def test_control_characters_are_removed_and_lengths_limited(staff, hold):
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
        answered=Answered(HOSTILE, "p" * 900, 422, 7, HOSTILE * 90),
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
    assert (outcome.milliseconds, outcome.error_code) == (7, "e" * 100)
    assert outcome.message.startswith(HARMLESS + "mmm")
    assert len(outcome.message) == 2000


def test_times_are_stored_in_utc_and_other_types_refused(db):
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
