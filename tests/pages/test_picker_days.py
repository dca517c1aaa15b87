"""Show days in the picker: a week, the next free day, the past, and clock changes."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.calcom_state import calcom_client
from dashboard.calcom_state.free_times import Span, question
from dashboard.calcom_state.models import StoredAnswer
from dashboard.sandbox import Booking, Sandbox
from tests.future_dates import BACK, FORWARD, day, named
from tests.holds.verbs import CONSULT, MONDAY
from tests.pages.desk import markup
from tests.pages.grid import cells, shown, times

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

SLOTS = "/v2/slots"
ON_MONDAY = f"event_type_id=1&day={day(0)}"


def test_week_counts_free_times_of_each_day(browser: Client) -> None:
    page = browser.get(f"/holds/new?{ON_MONDAY}&view=week")

    names = re.findall(r"<h3><a [^>]*>(.*?)</a><small>(.*?)</small>", markup(page))
    assert shown(page) == f"{named(0)} – {named(6)}"
    assert names == [
        (named(0), "8 free"),
        (named(1), "8 free"),
        (named(2), "6 free"),
        (named(3), "8 free"),
        (named(4), "8 free"),
        (named(5), "nothing free"),
        (named(6), "nothing free"),
    ]


def test_next_free_day_skips_full_days(browser: Client, calcom: Sandbox) -> None:
    after_friday = browser.get(f"/holds/new?event_type_id=1&day={day(5)}&seek=yes")
    saturday = browser.get(f"/holds/new?event_type_id=1&day={day(5)}")

    assert shown(after_friday) == named(7)
    assert f"Nothing is free on {named(5)}." in markup(saturday)
    [seek] = re.findall(r'id="seek"[^>]*href="(.*?)"', markup(saturday))
    assert shown(browser.get(seek.replace("&amp;", "&"))) == named(7)
    # The week that was asked for, four weeks after it, and the week that was found.
    assert len(calcom.calls(route=SLOTS)) == 3


def test_next_free_day_goes_on_where_it_ended(browser: Client, calcom: Sandbox) -> None:
    weeks = [MONDAY.replace(hour=0) + timedelta(days=7 * n) for n in range(6)]
    for number, monday in enumerate(weeks):
        week = Booking(f"away-{number}", CONSULT, monday, monday + timedelta(days=7))
        calcom.add_booking(week)
    first = browser.get(f"/holds/new?event_type_id=1&day={day(1)}&seek=yes")

    assert shown(first) == named(35)
    assert f"Nothing is free from {named(1)} to {named(35)}." in markup(first)
    [seek] = re.findall(r'id="seek"[^>]*href="(.*?)"', markup(first))
    assert shown(browser.get(seek.replace("&amp;", "&"))) == named(42)


def test_past_days_are_not_shown(
    browser: Client, calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)  # or midnight passes
    page = browser.get("/holds/new?event_type_id=1&day=2020-01-06")

    today = timezone.localdate()
    assert shown(page) == f"{today:%a} {today.day} {today:%b}"
    assert 'id="back"' not in markup(page)
    assert len(calcom.calls(route=SLOTS)) == 1


@pytest.mark.parametrize("view", ["day", "week"])
def test_poll_of_a_page_whose_days_have_passed_brings_today(
    browser: Client, calcom: Sandbox, view: str
) -> None:
    today = f"event_type_id=1&view={view}&day={timezone.localdate()}"
    grid = browser.get(f"/holds/new?{today}").context["picker"].grid
    left_open = f"/holds/new/times?event_type_id=1&view={view}&day=2020-01-06"

    assert shown(browser.get(left_open)) == grid.nav["title"]
    assert browser.get(left_open, headers={"If-None-Match": grid.etag}).status_code == 304


@pytest.mark.parametrize(
    ("day", "hours", "listed", "shown_as"),
    [
        (
            BACK,
            25,
            [f"{BACK}T00:30Z", f"{BACK}T01:30Z", f"{BACK}T22:30Z"],
            ["02:30 CEST", "02:30 CET", "23:30"],
        ),
        (
            FORWARD,
            23,
            [f"{FORWARD - timedelta(days=1)}T23:00Z", f"{FORWARD}T00:30Z", f"{FORWARD}T01:30Z"],
            ["00:00", "01:30", "03:30"],
        ),
    ],
)
def test_days_on_which_clocks_change(
    browser: Client, day: date, hours: int, listed: list[str], shown_as: list[str]
) -> None:
    around = [f"{day - timedelta(days=1)}T12:00Z", f"{day + timedelta(days=1)}T12:00Z"]
    slots = [[datetime.fromisoformat(at).isoformat(), None, None, None] for at in around + listed]
    StoredAnswer.objects.create(
        source=calcom_client.source_digest(),
        name=question(Span(CONSULT, day - timedelta(days=6), 7)).name,
        asked_at=timezone.now(),
        answered_at=timezone.now() + timedelta(seconds=1),
        value={"slots": slots, "unread": 0},
    )
    page = browser.get(f"/holds/new?event_type_id=1&day={day}")

    assert [words.partition(f" {day:%a} ")[0] for words in times(page)] == shown_as
    assert f"The clocks change on this day: it has {hours} hours." in markup(page)
    chosen = [browser.get(cell.to).context["picker"].choice.chosen for cell in cells(page)]
    assert chosen == [datetime.fromisoformat(at) for at in listed]


def test_listing_covers_days_of_the_office_zone(browser: Client, calcom: Sandbox) -> None:
    browser.get(f"/holds/new?{ON_MONDAY}")
    row = StoredAnswer.objects.get(name__startswith="slots")
    assert row.name == question(Span(CONSULT, day(0), 7)).name
    [call] = calcom.calls(route=SLOTS)
    assert call.status == 200
