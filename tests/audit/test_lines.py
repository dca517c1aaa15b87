"""How the entries of an action read as one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from dashboard.audit import action_labels, search, trail, values
from dashboard.audit.models import AuditEntry
from dashboard.audit.search import findings, story
from dashboard.audit.timeline import Line, fold
from dashboard.holds.models import Hold
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
    fail_to_place,
    make_hold,
    sign_in,
)


def lines(now: datetime = NOON, viewer: int | None = None) -> list[Line]:
    """The test's own, newest first."""
    own = AuditEntry.objects.exclude(action=Action.PERSON_ADDED).select_related("actor", "hold")
    return fold(own, now=now, viewer=viewer)


def only_line(now: datetime = NOON, viewer: int | None = None) -> Line:
    (line,) = lines(now, viewer)
    return line


def test_an_extension_reads_from_when_to_when_how_and_how_long(staff, hold):
    extend(staff, hold)
    line = only_line()
    assert line.sentence == (
        "staff extended the hold of Wed 26 Nov 14:30, 13:15 → 13:30; "
        "cal.com answered 2 calls in 212 ms; parked and returned"
    )
    assert (line.verdict, line.finding, line.duration) == ("ok", False, timedelta(milliseconds=250))
    assert [(call.method, call.path, call.status, call.milliseconds) for call in line.calls] == [
        ("PATCH", ONE, 200, 100),
        ("PATCH", ONE, 200, 112),
    ]
    assert line.url == f"/audit/{line.entry_id}/"


def test_whoever_reads_their_own_deed_is_called_you(staff, colleague, hold):
    extend(staff, hold)
    mine, theirs = (
        story(hold.pk, now=NOON, viewer=staff.pk),
        story(hold.pk, now=NOON, viewer=colleague.pk),
    )
    assert [f"{line.who} {line.did_it}" for line in mine] == ["you extended it"]
    assert [f"{line.who} {line.did_it}" for line in theirs] == ["staff extended it"]


def test_a_refusal_reads_in_the_words_of_cal_com(staff):
    fail_to_place(staff)
    assert only_line().sentence == (
        "staff tried to place the hold of Wed 26 Nov 10:00, "
        "cal.com: This time slot is already reserved by another user."
    )
    assert only_line().verdict == "refused"


def test_a_refusal_of_our_own_is_not_put_into_the_mouth_of_cal_com(staff, hold):
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
        "staff tried to move the hold of Thu 27 Nov 10:00, to Thu 27 Nov 10:00; "
        "A colleague is changing this hold"
    )


def test_a_move_reads_from_where_to_where(staff, hold):
    begun = trail.intent(
        action=Action.MOVE,
        by=acting(staff),
        hold_id=hold.pk,
        asked={"slot_start": "2025-11-26T16:00:00Z"},
        before=BEFORE,
        method="PATCH",
        path=ONE,
        now=NOON,
    )
    trail.outcome(
        begun,
        outcome=Outcome.OK,
        after=BEFORE | {"slot_start": "2025-11-26T16:00:00Z"},
        answered=Answered(),
        now=after(1),
    )
    assert only_line().sentence == (
        "staff moved the hold of Wed 26 Nov 14:30, Wed 26 Nov 14:30 → Wed 26 Nov 17:00; "
        "cal.com answered in 212 ms"
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
def test_an_end_that_hardly_moved_is_not_told_as_a_change(staff, hold, until, told):
    begun = begin_to_extend(staff, hold)
    trail.outcome(
        begun,
        outcome=Outcome.OK,
        after=BEFORE | {"held_until": until},
        answered=Answered(),
        now=after(1),
    )
    assert only_line().told == f", {told}cal.com answered in 212 ms"


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("park and return", "parked and returned"),
        ("new_first", "new one first, then the old one released"),
        ("something_new", "something new"),
    ],
)
def test_the_way_is_told_in_words(staff, hold, way, told):
    begun = begin_to_extend(staff, hold)
    trail.outcome(begun, outcome=Outcome.OK, after=AFTER | {"way": way}, now=after(1))
    assert only_line().details == ("13:15 → 13:30", told)


def test_a_call_that_was_never_answered_says_so(staff, hold):
    begun = begin_to_extend(staff, hold)
    unanswered = Answered(status=None, milliseconds=10000, request_id="")
    trail.outcome(begun, outcome=Outcome.UNKNOWN, answered=unanswered, now=after(10))
    line = only_line()
    assert line.told == ", cal.com did not answer"
    assert [(call.answered, call.milliseconds) for call in line.calls] == [(False, 10000)]
    assert line.verdict == "unknown"


def test_a_call_whose_process_died_is_not_said_to_be_unanswered(staff, hold):
    died = begin_to_extend(staff, hold)
    resumed = trail.resume(action_id=died.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    trail.outcome(resumed, outcome=Outcome.UNKNOWN, error_code="process_died", now=after(60))
    assert only_line().told == ", no answer was recorded"


def test_a_release_gives_its_reason(staff, hold):
    begun = trail.intent(
        action=Action.RELEASE,
        by=acting(staff),
        hold_id=hold.pk,
        asked={"reason": "client_rang_off"},
        before=BEFORE,
        method="DELETE",
        path=ONE,
        reason="client_rang_off",
        now=NOON,
    )
    trail.outcome(
        begun,
        outcome=Outcome.OK,
        after=BEFORE | {"state": "released"},
        answered=Answered("DELETE"),
        reason="client_rang_off",
        now=after(1),
    )
    assert only_line().told == ", cal.com answered in 212 ms; reason: client hung up"


def test_a_check_that_found_something_says_what(staff, hold):
    begun = trail.intent(
        action=Action.CHECK,
        by=acting(staff),
        hold_id=hold.pk,
        asked={},
        before=BEFORE,
        method="GET",
        path=ONE,
        now=NOON,
    )
    trail.outcome(
        begun,
        outcome=Outcome.OK,
        after=BEFORE | {"state": "gone"},
        answered=Answered("GET"),
        now=after(1),
    )
    assert only_line().told == ", held → gone; cal.com answered in 212 ms"


def test_who_cannot_be_known_is_never_taken_for_the_system_or_a_person(db):
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
        "the system saw that a hold had run out",
        "somebody under an unknown name (3fa9c1) failed to sign in, from 192.0.2.9",
        "somebody as “staff” failed to sign in, from 192.0.2.9",
        "somebody as “system” failed to sign in, from 192.0.2.9",
    ]


def test_a_changed_person_reads_with_what_was_changed(admin):
    trail.event(
        action=Action.PERSON_CHANGED,
        by=acting(admin),
        asked={"person": 7, "username": "newcomer"},
        before={"is_active": True, "groups": ["Staff"]},
        after={"is_active": False, "groups": ["Staff", "Admins"]},
        now=NOON,
    )
    assert only_line().sentence == (
        "admin changed a person, newcomer; may sign in: yes → no; groups: Staff → Staff, Admins"
    )


def test_times_that_clocks_show_twice_say_which(staff, hold):
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
    assert only_line().details[0] == "02:30 CEST → 02:30 CET"


# --- Without an outcome -----------------------------------------------------------------------


def test_an_action_without_an_outcome_is_under_way_and_then_a_finding(staff, hold):
    begin_to_extend(staff, hold)
    under_way, finding = only_line(after(180)), only_line(after(181))
    assert (under_way.verdict, under_way.finding) == ("under_way", False)
    assert (finding.verdict, finding.finding) == ("unfinished", True)
    assert under_way.sentence == "staff tried to extend the hold of Wed 26 Nov 14:30"
    assert finding.sentence == (
        "staff tried to extend the hold of Wed 26 Nov 14:30, nothing was written down after 13:00"
    )


def test_a_step_proves_that_an_action_is_still_alive(staff, hold):
    begun = begin_to_extend(staff, hold)
    trail.step(begun, method="GET", path=ONE, answered=None, now=after(170))
    assert only_line(after(200)).verdict == "under_way"
    assert findings(after(200)) == []
    assert [line.verdict for line in findings(after(400))] == ["unfinished"]


def test_findings_are_those_that_died_and_no_others(staff, colleague, hold):
    extend(staff, hold)
    sign_in(colleague)
    begin_to_extend(staff, hold, at=after(1))
    begin_to_extend(colleague, hold, at=after(2))
    begin_to_extend(staff, hold, at=after(900))
    found = findings(after(901))
    assert [(line.who, line.at) for line in found] == [("colleague", after(2)), ("staff", after(1))]
    assert all(line.finding for line in found)
    assert len(findings(after(902), patience=timedelta(seconds=900))) == 1
    assert findings(after(901) + timedelta(days=8)) == []


def test_a_finding_that_was_finished_later_is_none_any_more(staff, hold):
    died = begin_to_extend(staff, hold)
    assert len(findings(after(600))) == 1
    resumed = trail.resume(action_id=died.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    trail.outcome(resumed, outcome=Outcome.OK, after=AFTER, now=after(601))
    assert findings(after(900)) == []
    assert (only_line().verdict, only_line().who) == ("ok", "staff")


def test_the_board_asks_once_when_there_is_nothing_and_twice_when_there_is(
    staff, hold, django_assert_num_queries
):
    with django_assert_num_queries(1):
        findings(NOON)
    for second in range(30):
        begin_to_extend(staff, hold, at=after(second))
    with django_assert_num_queries(2):
        found = findings(after(600))
        assert len({line.sentence for line in found}) == 1
        assert len({line.hold.client_name for line in found}) == 1
    assert len(found) == search.MOST_FINDINGS


# --- Stories ----------------------------------------------------------------------------------


def test_a_story_is_of_one_hold_newest_first_in_one_query(staff, hold, django_assert_num_queries):
    other = make_hold(staff, "Client Two")
    extend(staff, hold)
    extend(staff, other, at=after(1))
    begin_to_extend(staff, hold, at=after(2))
    with django_assert_num_queries(1):
        told = story(hold.pk, now=after(3))
        assert [(line.did_it, line.verdict) for line in told] == [
            ("tried to extend it", "under_way"),
            ("extended it", "ok"),
        ]
        assert {line.hold.client_name for line in told} == {"Client One"}


def test_a_story_begins_with_what_did_not_know_the_hold_yet(staff, hold):
    begun = trail.intent(
        action=Action.TAKE_IN, by=acting(staff), asked={}, method="GET", path=ONE, now=NOON
    )
    trail.outcome(
        begun, outcome=Outcome.OK, after=AFTER, answered=Answered("GET"), hold_id=hold.pk, now=NOON
    )
    (line,) = story(hold.pk, now=NOON)
    assert line.sentence == (
        "staff took the hold of Wed 26 Nov 14:30 into the register, until 13:30; "
        "cal.com answered in 212 ms"
    )
    assert [call.method for call in line.calls] == ["GET"]


def test_a_story_that_is_cut_shows_no_half_action(staff, hold, monkeypatch):
    monkeypatch.setattr(search, "LONGEST_STORY", 5)
    extend(staff, hold)
    extend(staff, hold, at=after(1))
    assert [(line.at, len(line.calls)) for line in story(hold.pk, now=NOON)] == [(after(1), 2)]


def test_every_action_and_state_has_words(db):
    assert set(action_labels.DONE) == set(Action.values)
    assert set(values.states()) == set(Hold.State.values)
    assert set(Action.values) - set(action_labels.TRIED) == {
        "expire",
        "sign_in_failed",
        "sign_out",
        "denied",
    }


@pytest.mark.parametrize("bad", [None, 7, "", "soon", "2025-11-26T13:30:00", ["x"], {"a": 1}])
def test_a_value_of_an_unexpected_kind_is_shown_and_breaks_nothing(staff, hold, bad):
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


def test_sentences_are_translated_when_they_are_read(staff, hold):
    extend(staff, hold)
    with translation.override("de"):
        assert only_line().details[0] == "13:15 → 13:30"
        assert "Mi" in only_line().it
