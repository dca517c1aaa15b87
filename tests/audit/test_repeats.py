"""Attempts of the system that follow one another are one line of a hold's story."""

from __future__ import annotations

import re
from datetime import datetime

from django.test import Client

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.search import story
from dashboard.holds.models import Hold
from tests.audit.recorded import NOON, ONE, Action, Answered, Outcome, after, extend
from tests.pages.desk import markup


def settle(hold: Hold, *, at: datetime, outcome: Outcome = Outcome.UNKNOWN) -> None:
    """Record that the system asked about an interrupted change, by default in vain."""
    begun = trail.intent(
        action=Action.SETTLE, by=None, hold_id=hold.pk, method="GET", path=ONE, now=at
    )
    trail.outcome(begun, outcome=outcome, answered=Answered("GET", status=503), now=at)


def test_attempts_in_a_row_are_told_once(staff: User, hold: Hold) -> None:
    extend(staff, hold, at=NOON)
    settle(hold, at=after(5))
    settle(hold, at=after(10), outcome=Outcome.UNAVAILABLE)
    settle(hold, at=after(15))
    settle(hold, at=after(20), outcome=Outcome.OK)
    settle(hold, at=after(25))

    collapsed_lines = story(hold.pk, now=after(30)).collapsed_lines

    assert [(each.line.at, each.count, each.since) for each in collapsed_lines] == [
        (after(25), 1, after(25)),
        (after(20), 1, after(20)),
        (after(15), 3, after(5)),
        (NOON, 1, NOON),
    ]


def test_an_attempt_without_an_outcome_stands_alone(staff: User, hold: Hold) -> None:
    settle(hold, at=after(5))
    trail.intent(
        action=Action.SETTLE, by=None, hold_id=hold.pk, method="GET", path=ONE, now=after(10)
    )

    collapsed_lines = story(hold.pk, now=after(3600)).collapsed_lines

    assert [each.count for each in collapsed_lines] == [1, 1]


def test_page_of_the_hold_says_how_many_and_since_when(
    client: Client, staff: User, hold: Hold
) -> None:
    for seconds in (5, 10):
        settle(hold, at=after(seconds))
    client.force_login(staff)

    html = markup(client.get(f"/holds/{hold.pk}/"))

    assert re.findall("[0-9]+ attempts since [^<]*", html) == [
        "2 attempts since Tue 25 Nov 2025 13:00:05"
    ]
    assert html.count("tried to finish an interrupted change") == 1
