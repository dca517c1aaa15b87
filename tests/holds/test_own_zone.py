"""Somebody who works in another zone than the office: all that they see and type is in theirs."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone, translation

from dashboard.accounts.models import Preferences, User
from dashboard.audit.models import AuditEntry
from dashboard.holds import messages
from dashboard.holds.models import FreeTimes, Hold
from dashboard.sandbox import Sandbox
from tests.future_dates import BACK_IN_AMERICA, YEAR, day, named
from tests.holds.cast import CONSULT, MONDAY, place
from tests.holds.desk import ask, desk

ROME = "Europe/Rome"  # the office's
NEW_YORK = "America/New_York"
AUCKLAND = "Pacific/Auckland"


def works_in(zone: str, user: User) -> Client:
    Preferences.objects.update_or_create(user=user, defaults={"time_zone": zone})
    return desk(user)


@pytest.fixture
def far_away(calcom: Sandbox, staff: User) -> Client:
    return works_in(NEW_YORK, staff)


def listed(first: date, days: int, *starts: str) -> FreeTimes:
    """What cal.com has just answered for days of the office."""
    now = timezone.now()
    slots = [[datetime.fromisoformat(start).isoformat(), None, None, None] for start in starts]
    return FreeTimes.objects.create(
        event_type_id=CONSULT,
        first_day=first,
        days=days,
        asked_at=now,
        answered_at=now + timedelta(seconds=1),
        slots=slots,
    )


def cells(browser: Client, address: str) -> list[str]:
    picker = browser.get(address).context["choosing"].picker
    return [f"{day.iso} {c.text}" for day in picker.days for part in day.parts for c in part.cells]


def test_a_time_that_is_typed_is_the_persons_own(far_away: Client) -> None:
    answer = ask(far_away, slot_start=f"{day(0)}T04:00")
    assert answer.status_code == 303
    assert Hold.objects.get().slot_start == MONDAY


def test_an_offset_still_says_all_there_is_to_say(far_away: Client) -> None:
    ask(far_away, slot_start=f"{day(0)}T10:00+01:00")
    assert Hold.objects.get().slot_start == MONDAY


@pytest.mark.parametrize("page", ["/", "/holds/{pk}/", "/holds/{pk}/move"])
def test_each_sees_the_same_hold_in_their_own_zone(
    far_away: Client, staff: User, colleague: User, page: str
) -> None:
    address = page.format(pk=place(staff).pk)
    home = works_in("", colleague)
    for browser, slot, zone in ((far_away, "04:00–05:00", NEW_YORK), (home, "10:00–11:00", ROME)):
        seen = browser.get(address).content.decode()
        assert re.findall(r"\d\d:00–\d\d:00", seen)[:1] == [slot]
        assert f"All times {zone}" in seen
    assert "the office is in Europe/Rome" in far_away.get(address).content.decode()
    assert "the office is in" not in home.get(address).content.decode()


def test_what_was_shown_to_one_is_never_shown_to_the_other(
    far_away: Client, staff: User, colleague: User
) -> None:
    """Rows of the board are made once and kept; polls are compared by a tag."""
    place(colleague)
    home = works_in("", colleague)
    tags = [browser.get("/board")["ETag"] for browser in (far_away, home)]
    assert tags[0] != tags[1]
    times = [
        re.findall(r"<b>(\d\d:00–\d\d:00)</b>", browser.get("/board").content.decode())
        for browser in (far_away, home, far_away)
    ]
    assert times == [["04:00–05:00"], ["10:00–11:00"], ["04:00–05:00"]]


def test_a_change_of_zone_changes_the_board_at_the_next_poll(far_away: Client, staff: User) -> None:
    place(staff)
    tag = far_away.get("/board")["ETag"]
    same = far_away.get("/board", headers={"If-None-Match": tag})
    Preferences.objects.filter(user=staff).update(time_zone=AUCKLAND)
    other = far_away.get("/board", headers={"If-None-Match": tag})
    assert (same.status_code, other.status_code) == (304, 200)
    assert "22:00–23:00" in other.content.decode()


def test_the_hour_that_comes_twice_there_is_asked_about_there(far_away: Client) -> None:
    answer = ask(far_away, slot_start=f"{BACK_IN_AMERICA}T01:30")
    [message] = answer.context["form"].errors["slot_start"]
    assert message == (
        "This hour exists twice in America/New_York. Add which one you mean:"
        f" {BACK_IN_AMERICA}T01:30-04:00 or {BACK_IN_AMERICA}T01:30-05:00."
    )


def test_a_refusal_names_the_persons_zone(far_away: Client, staff: User) -> None:
    answer = ask(far_away, slot_start="2020-01-01T10:00")
    [message] = answer.context["form"].errors["slot_start"]
    assert message.startswith("This time is past: it is ")
    assert message.endswith(" (America/New_York).")


class TestPicking:
    """Days are the person's; what cal.com is asked for stays the office's, shared by all."""

    def test_a_day_begins_and_ends_where_the_person_is(self, calcom: Sandbox, staff: User) -> None:
        listed(
            day(0),
            7,
            f"{day(1)}T10:30Z",  # still Tuesday in Auckland
            f"{day(1)}T11:00Z",  # Wednesday begins
            f"{day(2)}T10:59Z",
            f"{day(2)}T11:00Z",
        )
        browser = works_in(AUCKLAND, staff)
        assert cells(browser, f"/holds/new?event_type_id=1&day={day(2)}") == [
            f"{day(2)} 00:00",
            f"{day(2)} 23:59",
        ]

    def test_a_week_takes_in_the_day_beside_it(self, calcom: Sandbox, staff: User) -> None:
        listed(day(0), 7, f"{day(0)}T12:00Z", f"{day(6)}T12:00Z")
        listed(day(-1), 1, f"{day(-1)}T10:00Z", f"{day(-1)}T11:00Z")
        browser = works_in(AUCKLAND, staff)
        assert cells(browser, f"/holds/new?event_type_id=1&day={day(2)}&view=week") == [
            f"{day(0)} 00:00",
            f"{day(1)} 01:00",
        ]

    def test_and_the_day_after_it_in_the_west(self, calcom: Sandbox, staff: User) -> None:
        listed(day(0), 7, f"{day(0)}T04:00Z", f"{day(6)}T12:00Z")
        listed(day(7), 1, f"{day(7)}T04:00Z", f"{day(7)}T05:00Z")
        browser = works_in(NEW_YORK, staff)
        assert cells(browser, f"/holds/new?event_type_id=1&day={day(2)}&view=week") == [
            f"{day(6)} 07:00",
            f"{day(6)} 23:00",
        ]

    def test_the_office_and_people_far_away_share_what_cal_com_listed(
        self, far_away: Client, colleague: User, calcom: Sandbox
    ) -> None:
        address = f"/holds/new?event_type_id=1&day={day(0)}"
        home = desk(colleague)
        assert cells(home, address)[0] == f"{day(0)} 09:00"
        calls = len(calcom.calls(route="/v2/slots"))
        assert cells(far_away, address)[0] == f"{day(0)} 03:00"
        # One day more for whoever's week ends later than the office's, and nothing twice.
        assert [len(calcom.calls(route="/v2/slots")) - calls] == [1]
        assert list(FreeTimes.objects.order_by("first_day").values_list("first_day", "days")) == [
            (day(0), 7),
            (day(7), 1),
        ]

    def test_a_time_of_the_grid_is_the_one_that_is_held(self, far_away: Client) -> None:
        page = far_away.get(f"/holds/new?event_type_id=1&day={day(0)}")
        cell = page.context["choosing"].picker.days[0].parts[0].cells[0]
        chosen = far_away.get(cell.url).context["choosing"].choice.chosen
        assert chosen == MONDAY - timedelta(hours=1)


class TestOwnBeginnings:
    def test_the_form_begins_with_the_persons_event_type_and_minutes(
        self, far_away: Client, staff: User
    ) -> None:
        Preferences.objects.filter(user=staff).update(hold_minutes=45, event_type_id=4)
        form = far_away.get("/holds/new").context["form"]
        assert form["reservation_duration"].value() == 45
        assert form["event_type_id"].value() == 4

    def test_and_with_the_offices_where_they_have_none(self, far_away: Client) -> None:
        assert far_away.get("/holds/new").context["form"]["reservation_duration"].value() == 15

    def test_what_the_address_says_comes_first(self, far_away: Client, staff: User) -> None:
        Preferences.objects.filter(user=staff).update(hold_minutes=45)
        form = far_away.get("/holds/new?reservation_duration=20").context["form"]
        assert form["reservation_duration"].value() == "20"


def test_the_log_is_read_in_the_readers_zone_and_kept_in_none(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    place(staff)
    entry = AuditEntry.objects.filter(action="place").earliest("id")
    assert entry.asked["slot_start"] == f"{day(0)}T09:00:00+00:00"
    browser = works_in(NEW_YORK, admin)
    local = entry.at.astimezone(ZoneInfo(NEW_YORK))
    page = browser.get("/audit/?action=place").content.decode()
    assert f"<b>{local:%H:%M:%S}</b>" in page
    assert f"the hold of {named(0)} {YEAR} 04:00" in page


def test_a_refusal_is_told_in_the_persons_words_and_logged_in_the_offices(
    far_away: Client, staff: User, colleague: User
) -> None:
    Preferences.objects.filter(user=staff).update(language="de")
    hold = place(colleague)
    page = far_away.post(f"/holds/{hold.pk}/release", {"reason": "mistake"}).content.decode()
    assert "Diese Vormerkung gehört colleague." in page
    entry = AuditEntry.objects.filter(action="release", outcome="refused").get()
    assert entry.message == "This hold belongs to colleague."


def test_moments_in_the_log_are_the_offices() -> None:
    with translation.override("de"), timezone.override(ZoneInfo(NEW_YORK)):
        error = messages.ran_out(MONDAY)
    assert error.problem.happened.startswith(
        "Diese Reservierung ist um 04:00:00 (America/New_York)"
    )
    assert error.logged == "This reservation ran out at 10:00:00 (Europe/Rome)."
