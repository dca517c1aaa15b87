"""Findings, stories and short words: what is found without the terms of a search."""

from datetime import timedelta

import pytest

from dashboard.audit import search, trail
from dashboard.audit.search import findings, story
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
    extend,
    hold_of,
    only_line,
    sign_in,
)
from tests.audit.searching import found


def test_action_without_outcome_becomes_a_finding(staff, hold):
    begin_to_extend(staff, hold)
    under_way, finding = only_line(after(180)), only_line(after(181))
    assert (under_way.verdict, under_way.is_finding) == ("under_way", False)
    assert (finding.verdict, finding.is_finding) == ("unfinished", True)
    assert (
        under_way.sentence
        == "staff tried to extend the hold of Wed 26 Nov 2025 14:30 for Client One"
    )
    assert finding.sentence == (
        "staff tried to extend the hold of Wed 26 Nov 2025 14:30 for Client One, "
        "no record after 13:00"
    )


def test_step_postpones_a_finding(staff, hold):
    begun = begin_to_extend(staff, hold)
    trail.step(begun, method="GET", path=ONE, answered=None, now=after(170))
    assert only_line(after(200)).verdict == "under_way"
    assert findings(after(200)) == []
    assert [line.verdict for line in findings(after(400))] == ["unfinished"]


def test_findings(staff, colleague, hold):
    extend(staff, hold)
    sign_in(colleague)
    begin_to_extend(staff, hold, at=after(1))
    begin_to_extend(colleague, hold, at=after(2))
    begin_to_extend(staff, hold, at=after(900))
    found = findings(after(901))
    assert [(line.actor.who, line.at) for line in found] == [
        ("colleague", after(2)),
        ("staff", after(1)),
    ]
    assert all(line.is_finding for line in found)
    assert findings(after(901) + timedelta(days=8)) == []


def test_finished_action_is_no_finding(staff, hold):
    died = begin_to_extend(staff, hold)
    assert len(findings(after(600))) == 1
    resumed = trail.Trail(action_id=died.action_id, action=Action.EXTEND, by=None, hold_id=hold.pk)
    trail.outcome(resumed, outcome=Outcome.OK, after=AFTER, now=after(601))
    assert findings(after(900)) == []
    assert (only_line().verdict, only_line().actor.who) == ("ok", "staff")


def test_findings_take_one_query_or_two(staff, hold, django_assert_num_queries):
    with django_assert_num_queries(1):
        findings(NOON)
    for second in range(30):
        begin_to_extend(staff, hold, at=after(second))
    with django_assert_num_queries(2):
        found = findings(after(600))
        assert len({line.sentence for line in found}) == 1
        assert len({line.client for line in found}) == 1
    assert len(found) == search.MAX_FINDINGS


def test_story_of_a_hold_takes_one_query(staff, hold, django_assert_num_queries):
    other = hold_of(staff, "Client Two")
    extend(staff, hold)
    extend(staff, other, at=after(1))
    begin_to_extend(staff, hold, at=after(2))
    with django_assert_num_queries(1):
        told = story(hold.pk, now=after(3)).lines
        assert [(line.did_it, line.verdict) for line in told] == [
            ("tried to extend it", "under_way"),
            ("extended it", "ok"),
        ]
        assert {line.client for line in told} == {"Client One"}


def test_story_includes_entries_before_the_hold_existed(staff, hold):
    begun = trail.intent(
        action=Action.TAKE_IN, by=acting(staff), asked={}, method="GET", path=ONE, now=NOON
    )
    trail.outcome(
        begun, outcome=Outcome.OK, after=AFTER, answered=Answered("GET"), hold_id=hold.pk, now=NOON
    )
    (line,) = story(hold.pk, now=NOON).lines
    assert line.sentence == (
        "staff added the hold of Wed 26 Nov 2025 14:30 for Client One to the board, until 13:30; "
        "cal.com took 212 ms"
    )
    assert [call.asked.method for call in line.calls] == ["GET"]


def test_limited_story_counts_what_it_leaves_out(staff, hold, monkeypatch):
    monkeypatch.setattr(search, "MAX_STORY", 5)
    for second in range(3):
        extend(staff, hold, at=after(second))
    told = story(hold.pk, now=NOON)
    assert [(line.at, len(line.calls)) for line in told.lines] == [(after(2), 2)]
    assert told.earlier == 2


def test_clock_set_back_hides_no_finding(staff, hold):
    """Entries from ahead of the local clock are not called recent for hours."""
    begin_to_extend(staff, hold, at=after(3 * 3600))
    begin_to_extend(staff, hold, at=after(60))
    assert [line.verdict for line in findings(NOON)] == ["unfinished"]
    assert [line.at for line in findings(NOON)] == [after(3 * 3600)]


@pytest.mark.parametrize("nearest", [1, 99])
def test_two_signs_are_a_word(immediate_links, nearest, monkeypatch, staff, colleague):
    monkeypatch.setattr(search, "NEAREST", nearest)
    extend(colleague, hold_of(staff, "王伟 (Wang Wei)"), at=after(10))
    extend(staff, hold_of(staff, "山田太郎"), at=after(11))
    for text in ("王伟", "\u200b王伟", "王伟 wang", "王伟 wei action:extend", "王伟 -山田"):
        assert (text, found(text)) == (text, [("extend", "colleague")])
    assert found("山田") == found("太郎") == [("extend", "staff")]
