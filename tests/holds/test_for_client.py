"""What staff pass on to a client, and what they begin a hold anew with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from dashboard.accounts.models import User
from dashboard.holds import transfer
from dashboard.holds.models import Hold
from dashboard.pages import client_message
from dashboard.sandbox import Sandbox
from tests.future_dates import YEAR, day
from tests.holds import cast
from tests.holds.cast import MONDAY
from tests.holds.desk import ask, desk

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2027, 1, 11, 7, 0, tzinfo=UTC)
THEN = NOW + timedelta(hours=2)
IN_FULL = f"Monday {day(0).day} January {YEAR}"


def a_hold(start: datetime, until: datetime, *, minutes: int | None = 60) -> Hold:
    end = start + timedelta(minutes=minutes) if minutes else None
    return Hold(state="held", slot_start=start, slot_end=end, held_until=until)


@pytest.mark.parametrize(
    ("hold", "zone", "now", "said"),
    [
        (
            a_hold(THEN, NOW + timedelta(minutes=15, seconds=59)),
            None,
            NOW,
            "We are holding Monday 11 January 2027, 10:00–11:00 (Europe/Rome) for you until 08:15.",
        ),
        (
            a_hold(THEN, NOW + timedelta(minutes=15)),
            NEW_YORK,
            NOW,
            "We are holding Monday 11 January 2027, 10:00–11:00 (Europe/Rome) for you until 08:15. "
            "In your time zone (America/New York) that is Monday 11 January 2027, 04:00–05:00, "
            "held until 02:15.",
        ),
        (
            a_hold(THEN, NOW + timedelta(minutes=15), minutes=None),
            ZoneInfo("Europe/Rome"),
            NOW,
            "We are holding Monday 11 January 2027, 10:00 (Europe/Rome) for you until 08:15.",
        ),
        (  # until after midnight; and at the client's it is still the day before
            a_hold(THEN, datetime(2027, 1, 10, 23, 10, tzinfo=UTC)),
            ZoneInfo("Pacific/Honolulu"),
            datetime(2027, 1, 10, 22, 50, tzinfo=UTC),
            "We are holding Monday 11 January 2027, 10:00–11:00 (Europe/Rome) for you "
            "until Monday 11 January 2027, 00:10. "
            "In your time zone (Pacific/Honolulu) that is Sunday 10 January 2027, 23:00–00:00, "
            "held until 13:10.",
        ),
        (  # the hour that comes twice
            a_hold(
                datetime(2027, 10, 31, 0, 30, tzinfo=UTC), datetime(2027, 10, 30, 9, 0, tzinfo=UTC)
            ),
            None,
            datetime(2027, 10, 30, 8, 50, tzinfo=UTC),
            "We are holding Sunday 31 October 2027, 02:30 CEST–02:30 CET (Europe/Rome) for you "
            "until 11:00.",
        ),
    ],
)
def test_the_sentence(hold: Hold, zone: ZoneInfo | None, now: datetime, said: str) -> None:
    assert client_message.for_client(hold, zone, now=now) == said


def test_the_sentence_speaks_the_language_of_the_page() -> None:
    hold = a_hold(THEN, NOW + timedelta(minutes=15))

    with translation.override("de"):
        said = client_message.for_client(hold, None, now=NOW)

    assert "Montag, 11. Januar 2027" in said
    assert "We are" not in said


def sentence(page: Any) -> str:
    found = re.search(r'id="sentence"[^>]*>([^<]*)<', page.content.decode())
    return found[1] if found else ""


def test_a_hold_that_stands_has_its_sentence(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    browser = desk(staff)

    said = sentence(browser.get(f"/holds/{hold.pk}/"))

    until = (
        f"{hold.held_until.astimezone(ZoneInfo('Europe/Rome')):%H:%M}" if hold.held_until else ""
    )
    assert said.startswith(f"We are holding {IN_FULL}, 10:00–11:00 (Europe/Rome)")
    assert re.search(rf" {until}( CES?T)?\.$", said)  # which, in the hour that comes twice
    cast.release(staff, hold)
    assert sentence(browser.get(f"/holds/{hold.pk}/")) == ""


def test_the_clients_zone_is_remembered_with_the_hold(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    browser = desk(staff)

    asked = browser.get(f"/holds/{hold.pk}/", {"client_zone": "new york"})
    again = browser.get(f"/holds/{hold.pk}/")
    wrong = browser.get(f"/holds/{hold.pk}/", {"client_zone": "Atlantis"})
    colleague = browser.get(f"/holds/{cast.place(staff, start=cast.LATER).pk}/")

    there = f"In your time zone (America/New York) that is {IN_FULL}, 04:00–05:00"
    assert there in sentence(asked)
    assert there in sentence(again)
    assert list(wrong.context["zone_form"].errors) == ["client_zone"]
    assert "your time zone" not in sentence(colleague)
    browser.get(f"/holds/{hold.pk}/", {"client_zone": ""})
    assert "your time zone" not in sentence(browser.get(f"/holds/{hold.pk}/"))


@pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])
def test_the_zone_chosen_while_placing_comes_along(
    calcom: Sandbox, staff: User, headers: Any
) -> None:
    browser = desk(staff)

    placed = ask(browser, client_zone="America/New_York")
    page = browser.get(placed["Location"], headers=headers)
    offering = browser.post("/offers/new", {"hold": Hold.objects.get().pk})

    assert "In your time zone (America/New York)" in sentence(page)
    assert "client_zone=America%2FNew_York" in offering["Location"]


class TestHoldAgain:
    def test_an_ended_hold_can_be_held_again(
        self, calcom: Sandbox, staff: User, colleague: User
    ) -> None:
        hold = cast.place(staff, event_type=cast.VARIABLE, slot_duration=45)
        cast.release(staff, hold)
        browser = desk(colleague)

        page = browser.get(f"/holds/{hold.pk}/").content.decode()
        form = browser.get(f"/holds/new?again={hold.pk}").context["form"]

        assert f'href="/holds/new?again={hold.pk}"' in page
        values = {name: form[name].value() for name in form.fields}
        assert (values["event_type_id"], values["slot_duration"]) == (cast.VARIABLE, 45)
        assert (values["client_name"], values["client_contact"], values["note"]) == (
            "Grace",
            "grace@example.test",
            "called at nine",
        )
        assert values["slot_start"] == MONDAY

    def test_a_time_that_is_past_is_not_asked_for_again(self, calcom: Sandbox, staff: User) -> None:
        hold = cast.place(staff)
        yesterday = timezone.now() - timedelta(days=1)
        Hold.objects.filter(pk=hold.pk).update(slot_start=yesterday, state="expired")

        form = desk(staff).get(f"/holds/new?again={hold.pk}").context["form"]

        assert (form["slot_start"].value(), form["client_name"].value()) == (None, "Grace")

    def test_the_address_of_another_time_keeps_what_it_is_like(
        self, calcom: Sandbox, staff: User
    ) -> None:
        hold = cast.place(staff)
        cast.release(staff, hold)

        page = desk(staff).get(f"/holds/new?again={hold.pk}&day={day(7)}").content.decode()

        links = re.findall(r'class="time" href="([^"]*)"', page)
        assert links
        assert [link for link in links if f"again={hold.pk}" not in link] == []
        assert [link for link in links if "Grace" in link] == []

    @pytest.mark.parametrize("again", ["999999", "x", "-1", "9" * 40, ""])
    def test_no_such_hold_is_an_empty_form(self, calcom: Sandbox, staff: User, again: str) -> None:
        answer = desk(staff).get("/holds/new", {"again": again})

        assert (answer.status_code, answer.context["form"]["client_name"].value()) == (200, None)


class TestWhoeverLostAHold:
    def test_is_told_on_the_board_and_in_its_story(
        self, calcom: Sandbox, staff: User, colleague: User, admin: User
    ) -> None:
        hold = cast.place(staff)
        browser = desk(staff)
        before = browser.get("/board?tab=mine")

        transfer.take_over(
            hold_id=hold.pk, by=cast.acting(admin), reason="absent", now=timezone.now()
        )
        after = browser.get("/board?tab=mine", headers={"If-None-Match": before["ETag"]})

        said = re.compile(r"admin took over this hold from you at \d\d:\d\d:\d\d\.")
        assert after.status_code == 200
        assert said.search(after.content.decode())
        assert not said.search(desk(colleague).get("/board").content.decode())
        assert not said.search(desk(admin).get("/board").content.decode())
        story = browser.get(f"/holds/{hold.pk}/").content.decode()
        assert "admin took over it, staff → admin" in story
