"""Extend a hold until a time on the office's clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts import saved_forms
from dashboard.accounts.models import Preferences, User
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.pages.desk import desk, markup, page_of

HTMX = {"HX-Request": "true"}
ADDS = re.compile(r"name=\"add\"\s+value=\"(\d+)\"")


def in_minutes(minutes: int) -> datetime:
    """Return a whole minute about so far ahead."""
    return (timezone.now() + timedelta(minutes=minutes)).replace(second=0, microsecond=0)


def extend(user: User, hold: Hold, *, headers: Any = None, **form: Any) -> HttpResponse:
    if isinstance(form.get("until"), datetime):
        # As people type it, also in an hour that comes twice, which pages show with its zone.
        form["until"] = f"{timezone.localtime(form['until']):%H:%M}"
    return desk(user).post(f"/holds/{hold.pk}/extend", form, headers=headers)


def test_message_of_an_unknown_outcome_says_which_slot(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.faults.add("503", method="PATCH")

    answer = extend(staff, hold, add=15, headers=HTMX | {"HX-Target": "section#board"})

    [said] = re.findall(r'id="messages".*?<p>(.*?)</p>', markup(answer), re.DOTALL)
    slot = local_times.slot(hold.slot_start, hold.slot_end)
    assert said == f"{slot} · cal.com&#x27;s server answered with an error."


@pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])
def test_button_beyond_the_most_minutes_says_so_and_marks_no_field(
    calcom: Sandbox, staff: User, headers: Any
) -> None:
    hold = verbs.place(staff, minutes=110)

    answer = extend(staff, hold, add=15, headers=headers)

    assert answer.status_code == 422
    problem = answer.context["problem"]
    assert problem.happened == "A hold lasts at most 120 minutes from now."
    assert "until" in problem.safe
    assert problem.what_now == "Extend it by less, or again later."
    assert "Fix the highlighted fields" not in answer.content.decode()
    assert AuditEntry.objects.filter(action="extend").latest("id").error_code == "our_rule"


def test_button_of_more_minutes_than_the_office_allows_says_so(
    calcom: Sandbox, staff: User, settings: Any
) -> None:
    settings.HOLD_MINUTES_MAX = 30
    hold = verbs.place(staff)
    for minutes in (60, 10**17):
        answer = extend(staff, hold, add=minutes)
        assert answer.status_code == 422
        assert answer.context["problem"].happened == "A hold lasts at most 30 minutes from now."


@pytest.mark.parametrize(
    ("most", "offered"), [(120, [15, 5, 30, 60]), (32, [15, 5, 30]), (16, [5]), (2, [1])]
)
def test_buttons_add_what_the_office_allows_a_hold_that_ends_soon(
    calcom: Sandbox, staff: User, settings: Any, most: int, offered: list[int]
) -> None:
    settings.HOLD_MINUTES_MAX = most
    hold = verbs.place(staff, minutes=1)
    shown = {path: desk(staff).get(path).content.decode() for path in (f"/holds/{hold.pk}/", "/")}
    page, board = (text.partition("<main")[2] for text in shown.values())  # without the bar
    assert [int(minutes) for minutes in ADDS.findall(page)] == offered
    assert [int(minutes) for minutes in ADDS.findall(board)] == [offered[0]] * 2  # row, selected
    assert f"+{offered[0]} min" in board
    assert f"Extend selected by {offered[0]} min" in board
    assert extend(staff, hold, add=offered[-1]).status_code == 303


@pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])
def test_extends_until_the_given_time(calcom: Sandbox, staff: User, headers: Any) -> None:
    hold = verbs.place(staff)
    wanted = in_minutes(40)

    answer = extend(staff, hold, until=wanted, headers=headers)

    assert page_of(answer) == f"/holds/{hold.pk}/"
    held = Hold.objects.get(pk=hold.pk).held_until
    assert held is not None
    # Minutes are rounded up, and cal.com counts them from when the call arrives.
    assert wanted <= held < wanted + timedelta(minutes=2)
    assert [row.release_at for row in calcom.live_rows()] == [held]
    asked = AuditEntry.objects.get(action="extend", kind="intent").asked
    assert asked == {"held_until": wanted.isoformat()}


@pytest.mark.parametrize("target", ["section#board", "div#warnings"])
def test_row_and_warning_keep_the_address_of_their_page(
    calcom: Sandbox, staff: User, target: str
) -> None:
    answer = extend(staff, verbs.place(staff), add=15, headers=HTMX | {"HX-Target": target})
    assert (answer.status_code, answer.has_header("HX-Push-Url")) == (200, False)
    assert "is held until" in answer.content.decode()


@pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])
def test_time_before_the_current_end_is_refused(calcom: Sandbox, staff: User, headers: Any) -> None:
    hold = verbs.place(staff, minutes=30)

    answer = extend(staff, hold, until=in_minutes(10), headers=headers)

    assert answer.status_code == 422
    until = local_times.when(hold.held_until) if hold.held_until else ""
    assert answer.context["extend_form"].errors == {
        "until": [f"The hold already stands until {until} (Europe/Rome); this would shorten it."]
    }
    assert calcom.calls("PATCH") == []
    assert Hold.objects.get(pk=hold.pk).held_until == hold.held_until


@pytest.mark.parametrize("minutes", [-10, 125])
def test_time_outside_the_policy_is_refused_naming_the_latest(
    calcom: Sandbox, staff: User, settings: pytest.FixtureRequest, minutes: int
) -> None:
    # Where clocks go back, a time that is ten minutes past comes again within the hour.
    settings.TIME_ZONE = settings.OFFICE_TIME_ZONE = "UTC"
    hold = verbs.place(staff)
    typed = local_times.minute(in_minutes(minutes))

    answer = extend(staff, hold, until=typed)

    [said] = answer.context["extend_form"].errors["until"]
    latest = [
        local_times.when(in_minutes(most), time_of_day=local_times.minute) for most in (119, 120)
    ]
    assert any(f"Choose a time until {moment} (UTC)." in said for moment in latest)
    assert (answer.status_code, calcom.calls("PATCH")) == (422, [])
    assert f'value="{typed}"' in answer.content.decode()


def test_add_button_overrides_other_fields(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)

    extend(staff, hold, add=5, until=in_minutes(60), reservation_duration=90)

    extended = Hold.objects.get(pk=hold.pk).held_until - hold.held_until
    assert timedelta(minutes=5) <= extended <= timedelta(minutes=6, seconds=1)


def test_time_with_minutes_is_refused(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)

    answer = extend(staff, hold, until=in_minutes(60), reservation_duration=30)

    assert answer.context["extend_form"].errors == {
        "until": ["Give either a time or minutes, not both."]
    }
    assert re.search(r"<title[^>]*>\s*Error:", answer.content.decode())
    assert calcom.calls("PATCH") == []


def test_invalid_time_is_refused(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    for typed in ("25:00", "noon", "14h20", "1" * 5000):
        answer = extend(staff, hold, until=typed)
        errors = list(answer.context["extend_form"].errors)
        assert (answer.status_code, errors) == (422, ["until"]), typed


def test_restored_values_are_in_sight(calcom: Sandbox, staff: User) -> None:
    hold, browser = verbs.place(staff), desk(staff)
    page, first_reason = f"/holds/{hold.pk}/", r'<label for="id_reason_0">([^<]*)<'
    plain = browser.get(page).content.decode()
    typed = {"hold-extend": "reservation_duration=44", "hold-release": "reason=mistake"}
    session = browser.session
    session[saved_forms.SESSION_KEY] = [
        saved_forms.SavedForm(
            page=page,
            posted_to=posted_to,
            key="",
            person=staff.pk,
            at=saved_forms.now_seconds(),
            data=data,
        )
        for posted_to, data in typed.items()
    ]
    session.save()

    restored = browser.get(page).content.decode()

    assert re.search(r'<details id="until" open>\s*<summary>Until a set time', restored)
    # Of the reasons, each process keeps what it has drawn before, for others too.
    checked = [re.findall(r'value="(\w*)"[^>]*\schecked', each) for each in (plain, restored)]
    assert checked == [[""], ["mistake"]]
    Preferences.objects.create(user=staff, language="de")
    german = browser.get(page).content.decode()
    assert [*re.findall(first_reason, plain + german)] == ["No reason", "Kein Grund"]


def test_retake_keeps_the_given_time(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.faults.add("stranger", when="before", method="PATCH", skip=1, count=2)  # parked nowhere

    answer = extend(staff, hold, until=in_minutes(40))

    assert answer.status_code == 409
    # The time given has no seconds, and a minute may begin before the form is read.
    assert answer.context["problem"].retake_minutes in {39, 40}


@pytest.mark.parametrize(
    ("typed", "at", "shown"),
    [
        (time(14, 20), datetime(2027, 1, 11, 12, 0, tzinfo=UTC), "2027-01-11T13:20+00:00"),
        (time(0, 10), datetime(2027, 1, 11, 22, 50, tzinfo=UTC), "2027-01-11T23:10+00:00"),
        (time(13, 0), datetime(2027, 1, 11, 12, 0, tzinfo=UTC), "2027-01-12T12:00+00:00"),
        # Clocks go back at 03:00 summer time: 02:30 comes twice.
        (time(2, 30), datetime(2027, 10, 31, 0, 0, tzinfo=UTC), "2027-10-31T00:30+00:00"),
        (time(2, 30), datetime(2027, 10, 31, 0, 45, tzinfo=UTC), "2027-10-31T01:30+00:00"),
        # Clocks go forward at 02:00: 02:30 does not come, and on the next day it does.
        (time(2, 30), datetime(2027, 3, 28, 0, 45, tzinfo=UTC), None),
        (time(2, 30), datetime(2027, 3, 28, 1, 45, tzinfo=UTC), "2027-03-29T00:30+00:00"),
        (time(3, 30), datetime(2027, 3, 28, 0, 45, tzinfo=UTC), "2027-03-28T01:30+00:00"),
    ],
)
def test_next_moment_that_shows_a_time(typed: time, at: datetime, shown: str | None) -> None:
    moment = local_times.next_shown(typed, at)

    assert (moment.isoformat(timespec="minutes") if moment else None) == shown
