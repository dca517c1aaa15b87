"""Timeline: the entries of an action as one line."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from dashboard.audit import action_labels, formatting, trail
from dashboard.audit.search import story
from dashboard.holds.models import Hold
from tests.accounts.cast import acting
from tests.audit.recorded import (
    AFTER,
    NOON,
    ONE,
    Action,
    Answered,
    Outcome,
    after,
    begin_to_extend,
    change,
    extend,
    fail_to_place,
    lines,
    only_line,
)


def test_extension(staff, hold):
    extend(staff, hold)
    line = only_line()
    assert line.sentence == (
        "staff extended the hold of Wed 26 Nov 2025 14:30 for Client One, 13:15 → 13:30; "
        "cal.com took 212 ms for 2 calls and accepted; by parking and returning"
    )
    assert (line.verdict, line.is_finding) == ("ok", False)
    told = [(call.asked, call.answer) for call in line.calls]
    assert [(asked.method, asked.path, each.status, each.milliseconds) for asked, each in told] == [
        ("PATCH", ONE, 200, 100),
        ("PATCH", ONE, 200, 112),
    ]
    assert line.url == f"/audit/{line.entry_id}/"


def test_own_actions_say_you(staff, colleague, hold):
    extend(staff, hold)
    mine, theirs = (
        story(hold.pk, now=NOON, viewer=staff.pk).lines,
        story(hold.pk, now=NOON, viewer=colleague.pk).lines,
    )
    assert [f"{line.actor.who} {line.did_it}" for line in mine] == ["you extended it"]
    assert [f"{line.actor.who} {line.did_it}" for line in theirs] == ["staff extended it"]


def test_refusal_by_cal_com_quotes_its_message(staff):
    fail_to_place(staff)
    assert only_line().sentence == (
        "staff tried to place the hold of Wed 26 Nov 2025 10:00, "
        "cal.com: This time slot is already reserved by another user; cal.com took 212 ms"
    )
    assert only_line().verdict == "refused"


def test_own_refusal_is_not_attributed_to_cal_com(staff, hold):
    trail.event(
        action=Action.MOVE,
        by=acting(staff),
        outcome=Outcome.REFUSED,
        hold_id=hold.pk,
        asked={"slot_start": "2025-11-27T09:00:00+00:00"},
        message="A colleague is changing this hold.",
        now=NOON,
    )
    assert only_line().sentence == (
        "staff tried to move the hold of Thu 27 Nov 2025 10:00 for Client One, "
        "to Thu 27 Nov 2025 10:00; Holdfast: A colleague is changing this hold"
    )


def test_move(staff, hold):
    later = {"slot_start": "2025-11-26T16:00:00Z"}
    change(staff, hold, Action.MOVE, "PATCH", asked=later, changes=later)
    assert only_line().sentence == (
        "staff moved the hold of Wed 26 Nov 2025 14:30 for Client One, "
        "Wed 26 Nov 2025 14:30 → 17:00; "
        "cal.com took 212 ms and accepted"
    )


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("2025-11-25T12:15:00Z", ""),
        ("2025-11-25T12:15:00.899000+00:00", ""),  # cal.com counts whole minutes from now
        ("2025-11-25T12:15:20+00:00", "13:15:00 → 13:15:20; "),
        ("2025-11-25T12:16:00+00:00", "13:15 → 13:16; "),
    ],
)
def test_difference_below_a_second_is_no_change(staff, hold, until, told):
    change(staff, hold, Action.EXTEND, "PATCH", changes={"held_until": until})
    assert only_line().details_text == f", {told}cal.com took 212 ms and accepted"


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("park and return", "by parking and returning"),
        ("new_first", "by a new one before the release of the old one"),
        ("something_new", "something new"),
    ],
)
def test_way_of_a_change(staff, hold, way, told):
    begun = begin_to_extend(staff, hold)
    trail.outcome(begun, outcome=Outcome.OK, after=AFTER | {"way": way}, now=after(1))
    line = only_line()
    assert (line.clauses, line.technical) == (("13:15 → 13:30",), (told,))


def test_unanswered_call(staff, hold):
    begun = begin_to_extend(staff, hold)
    unanswered = Answered(status=None, milliseconds=10000, request_id="")
    trail.outcome(begun, outcome=Outcome.UNKNOWN, answered=unanswered, now=after(10))
    line = only_line()
    assert line.details_text == ", cal.com did not answer"
    assert [(call.answer, call.next.milliseconds) for call in line.calls] == [(None, 10000)]
    assert line.verdict == "unknown"


def test_call_of_a_died_process_is_not_called_unanswered(staff, hold):
    died = begin_to_extend(staff, hold)
    resumed = trail.Trail(action_id=died.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    trail.outcome(resumed, outcome=Outcome.UNKNOWN, error_code="process_died", now=after(60))
    assert only_line().details_text == ", no answer was recorded"


def test_release_with_reason(staff, hold):
    released = {"state": "released"}
    change(staff, hold, Action.RELEASE, "DELETE", changes=released, reason="client_rang_off")
    assert only_line().details_text == ", reason: client hung up; cal.com took 212 ms and accepted"


def test_check_with_a_change(staff, hold):
    change(staff, hold, Action.CHECK, "GET", changes={"state": "gone"})
    assert only_line().details_text == ", held → gone; cal.com took 212 ms"


def test_unproven_names_differ_from_the_system_and_people(db):
    for name in ("system", "staff", "? 3fa9c1"):
        trail.event(
            action=Action.SIGN_IN_FAILED,
            by=None,
            outcome=Outcome.REFUSED,
            actor_name=name,
            address="192.0.2.9",
            now=NOON,
        )
    trail.event(action=Action.EXPIRE, by=None, now=NOON)
    assert [line.sentence for line in lines()] == [
        "the system recorded that a hold ran out",
        "unknown user name (3fa9c1) failed to sign in, from 192.0.2.9",
        "not signed in, as “staff” failed to sign in, from 192.0.2.9",
        "not signed in, as “system” failed to sign in, from 192.0.2.9",
    ]


def test_changed_person(admin):
    trail.event(
        action=Action.PERSON_CHANGED,
        by=acting(admin),
        asked={"person": 7, "username": "newcomer"},
        before={"is_active": True, "groups": ["Staff"]},
        after={"is_active": False, "groups": ["Staff", "Admins"]},
        now=NOON,
    )
    assert only_line().sentence == (
        "admin changed a person: newcomer, may sign in: yes → no; groups: Staff → Staff, Admins"
    )


def test_ambiguous_times_have_their_zone(staff, hold):
    """On 26 October 2025 Rome has 02:30 twice."""
    begun = begin_to_extend(staff, hold, at=datetime(2025, 10, 26, 0, 10, tzinfo=UTC))
    twice = [f"2025-10-26T0{hour}:30:00Z" for hour in (0, 1)]
    trail.outcome(
        begun,
        outcome=Outcome.OK,
        before={"held_until": twice[0]},
        after={"held_until": twice[1]},
        now=datetime(2025, 10, 26, 0, 10, tzinfo=UTC),
    )
    assert only_line().clauses[0] == "02:30 CEST → 02:30 CET"


def test_every_action_and_state_has_a_text(db):
    assert set(action_labels.PHRASES) == set(Action.values)
    assert set(formatting.choice_labels("state")) == set(Hold.State.values)
    assert {action for action, (_done, tried) in action_labels.PHRASES.items() if not tried} == {
        "expire",
        "sign_in_failed",
        "sign_in_unlocked",
        "sign_out",
        "denied",
        "prune",
        "signatures_renewed",
        "searches_read",
        "search_deleted",
        "backup",
        "restore",
        "move_database",
    }


@pytest.mark.parametrize("bad", [None, 7, "", "soon", "2025-11-26T13:30:00", ["x"], {"a": 1}])
def test_unexpected_values_are_shown(staff, hold, bad):
    begun = trail.intent(
        action=Action.EXTEND,
        by=acting(staff),
        hold_id=hold.pk,
        asked={"slot_start": bad},
        before={"held_until": bad, "state": bad, "slot_start": bad},
        now=NOON,
    )
    trail.outcome(begun, outcome=Outcome.OK, after=AFTER, now=NOON)
    assert only_line().verdict == "ok"
    assert "13:30" in only_line().sentence


def test_sentences_are_translated_for_the_reader(staff, hold):
    extend(staff, hold)
    with translation.override("de"):
        codes = [("kind", "event_type"), ("kind", "user"), ("colour", "blue"), ("fault", "changed")]
        shown = [formatting.display(key, code) for key, code in codes]
        assert shown == ["einzelne Terminart", "Person", "Blau", "geändert"]
        assert only_line().clauses[0] == "13:15 → 13:30"
        assert "Mi" in only_line().it


def test_line_is_in_the_language_that_is_active_when_it_is_shown(staff, hold):
    """Its words are kept for all lines of a language."""
    extend(staff, hold)
    with translation.override("de"):
        line = only_line()
    assert line.did.startswith("extended the hold of")
    with translation.override("de"):
        assert line.did.endswith("verlängert")
