"""The board by calendar: whose time a hold takes, and the filter that is kept per person."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state import clock
from dashboard.calendars.models import Calendar
from dashboard.holds.models import Offer
from tests.holds.factories import put, put_ended
from tests.kept import forget_kept
from tests.pages.calendar_rows import calendar, event_type
from tests.pages.desk import desk

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ADA, BEN, NOBODYS = 101, 102, 103


@pytest.fixture
def ada(staff: User, colleague: User) -> Calendar:
    """Return one of two calendars, with holds of both and of neither."""
    made = calendar("Dr Ada", event_type(ADA))
    calendar("Dr Ben", event_type(BEN), colour="pink")
    for number in (ADA, BEN, NOBODYS):
        put(colleague, event_type_id=number, client_name=f"client of {number}")
    return made


@pytest.fixture(autouse=True)
def no_calendars_in_memory() -> None:
    forget_kept()


def clients(page: HttpResponse) -> list[str]:
    return sorted(set(re.findall(r"client of (\d+)", page.content.decode())))


def choose(browser: Client, value: object, **more: str) -> HttpResponse:
    return browser.post("/board/calendar?tab=everyone", {"calendar": value}, **more)


def test_column_tells_whose_time_it_is(ada: Calendar, staff: User) -> None:
    page = desk(staff).get("/").content.decode()

    cells = re.findall(r'<td class="calendar-cell">(.*?)</td>', page)
    shown = {tuple(re.findall(r'hue-(\w+)" translate="no">([^<]*)', cell)) for cell in cells}
    assert shown == {(("blue", "Dr Ada"),), (("pink", "Dr Ben"),), ()}


def test_pages_of_a_hold_tell_whose_time_it_is(ada: Calendar, staff: User) -> None:
    offer = Offer.objects.create(made_by=staff, created_at=timezone.now())
    hold, _other = (put(staff, event_type_id=number, offer=offer) for number in (ADA, BEN))
    start = (hold.slot_start + timedelta(days=1)).isoformat()
    to_ben = {"slot_start": start, "event_type_id": BEN}
    browser = desk(staff)
    pages = [
        browser.get(f"/holds/{hold.pk}/"),
        browser.get(f"/holds/{hold.pk}/move", to_ben),
        browser.get(f"/offers/{offer.pk}/"),
    ]

    found = [
        re.findall(r'hue-\w+" translate="no">([^<]*)', page.content.decode()) for page in pages
    ]
    assert found == [["Dr Ada"], ["Dr Ada", "Dr Ben"], ["Dr Ada", "Dr Ben"]]


def test_lists_beside_the_board_tell_whose_time_it_is(ada: Calendar, staff: User) -> None:
    put(staff, event_type_id=BEN, state="unconfirmed", held_until=None)
    warned = put(staff, event_type_id=ADA, seconds=100)
    put_ended(staff, event_type_id=BEN)
    browser = desk(staff)
    pages = [browser.get(url) for url in ("/", "/?tab=ended", f"/release?hold={warned.pk}")]

    found = [
        re.findall(r'· <bdi translate="no">(Dr \w+)</bdi>', page.content.decode()) for page in pages
    ]
    assert found == [["Dr Ada", "Dr Ben"], ["Dr Ada", "Dr Ben"], ["Dr Ada", "Dr Ada"]]


def test_without_calendars_the_board_is_as_before(staff: User) -> None:
    hold = put(staff)

    board, page = (desk(staff).get(url).content.decode() for url in ("/", f"/holds/{hold.pk}/"))

    words = ("Whose time", "All calendars", "calendar-cell")
    assert [word for word in words if word in board + page] == []


def test_filter_is_kept_per_person(ada: Calendar, staff: User, colleague: User) -> None:
    answer = choose(desk(staff), ada.pk)

    assert (answer.status_code, answer["Location"]) == (303, "/?tab=everyone")
    other_browser, other_person = desk(staff), desk(colleague)
    assert clients(other_browser.get("/")) == [str(ADA)]
    assert clients(other_browser.get("/board")) == [str(ADA)]
    assert clients(other_person.get("/")) == [str(ADA), str(BEN), str(NOBODYS)]
    choose(desk(staff), "")
    assert clients(other_browser.get("/")) == [str(ADA), str(BEN), str(NOBODYS)]


def test_filter_applies_to_ended_holds_and_counts(ada: Calendar, staff: User) -> None:
    for number in (ADA, BEN):
        put_ended(staff, event_type_id=number, client_name=f"client of {number}")
    browser = desk(staff)
    choose(browser, ada.pk)

    page = browser.get("/?tab=ended")

    assert clients(page) == [str(ADA)]
    assert re.search(r'Everyone\s*<span class="number">1</span>', page.content.decode())


def test_holds_that_need_attention_are_never_filtered(ada: Calendar, staff: User) -> None:
    browser = desk(staff)
    choose(browser, ada.pk)
    put(staff, event_type_id=BEN, state="unconfirmed", held_until=None, client_name="client of 9")

    assert "9" in clients(browser.get("/"))


def test_poll_learns_of_the_filter_and_of_a_new_label(
    ada: Calendar, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = desk(staff)
    etags = [browser.get("/board")["ETag"]]
    choose(browser, ada.pk)
    etags.append(browser.get("/board")["ETag"])
    Calendar.objects.filter(pk=ada.pk).update(label="Dr A")
    later = clock.ticks() + 31  # by the clock that no one can set
    monkeypatch.setattr(clock, "ticks", lambda: later)
    etags.append(browser.get("/board")["ETag"])

    assert len(set(etags)) == 3
    assert browser.get("/board", headers={"If-None-Match": etags[-1]}).status_code == 304


@pytest.mark.parametrize("value", ["", "x", "999999", "-1"])
def test_calendar_that_does_not_exist_shows_all(ada: Calendar, staff: User, value: str) -> None:
    browser = desk(staff)

    assert choose(browser, value).status_code == 303
    assert len(clients(browser.get("/"))) == 3
