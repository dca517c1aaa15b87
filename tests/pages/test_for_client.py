"""Tell the client of a hold about it, in the client's time zone too."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from dashboard.accounts.models import User
from dashboard.calcom import EventTypeKind
from dashboard.holds.models import Hold
from dashboard.pages import for_client
from dashboard.sandbox import Sandbox
from tests.future_dates import YEAR, day
from tests.holds import verbs
from tests.pages.desk import ask, desk

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

HTMX = {"HX-Request": "true"}
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2027, 1, 11, 7, 0, tzinfo=UTC)
THEN = NOW + timedelta(hours=2)
IN_FULL = f"Monday {day(0).day} January {YEAR}"


def a_hold(start: datetime, until: datetime, *, minutes: int | None = 60) -> Hold:
    end = start + timedelta(minutes=minutes) if minutes else None
    return Hold(state="held", slot_start=start, slot_end=end, held_until=until)


def test_sentence_of_an_offer_has_every_time_that_is_kept() -> None:
    first, second = (
        a_hold(THEN + timedelta(hours=n), NOW + timedelta(minutes=15 + n)) for n in (0, 1)
    )
    over = a_hold(THEN + timedelta(hours=2), NOW - timedelta(minutes=1))
    changing = a_hold(THEN + timedelta(hours=3), NOW + timedelta(minutes=15))
    changing.change = {"kind": "extend"}

    said = for_client.sentence_of_several([first, over, second, changing], now=NOW)

    day_of_both = "Monday 11 January 2027"
    assert said == (
        "We are holding these times (Europe/Rome) for you: "
        f"{day_of_both}, 10:00–11:00, until 08:15; {day_of_both}, 11:00–12:00, until 08:16."
    )
    alone = for_client.sentence(first, None, now=NOW)
    assert for_client.sentence_of_several([over, first], now=NOW) == alone
    assert for_client.sentence_of_several([over, changing], now=NOW) == ""


def test_sentence_names_the_appointment_and_whom_the_client_will_see() -> None:
    hold = a_hold(THEN, NOW + timedelta(minutes=15))
    hold.event_type_title, hold.event_type_kind = "Consult 60", EventTypeKind.INDIVIDUAL
    when = "Monday 11 January 2027, 10:00–11:00 (Europe/Rome), until 08:15."

    def said(*named: str) -> str:
        hold.hosts = [[number, name, False] for number, name in enumerate(named)]
        return for_client.sentence(hold, None, now=NOW)

    assert said() == f"We are holding Consult 60 for you: {when}"
    assert said("Ada King") == f"We are holding Consult 60 with Ada King for you: {when}"
    both = said("Ada King", "Emmy Noether")
    assert both == f"We are holding Consult 60 with Ada King, Emmy Noether for you: {when}"
    # Which of them, cal.com decides when it is booked.
    hold.event_type_kind = EventTypeKind.ROUND_ROBIN
    assert said("Ada King", "Emmy Noether") == f"We are holding Consult 60 for you: {when}"


def test_sentence_of_an_offer_names_what_is_the_same_once() -> None:
    first, second = holds = [
        a_hold(THEN + timedelta(hours=n), NOW + timedelta(minutes=15)) for n in (0, 1)
    ]
    for hold in holds:
        hold.event_type_title, hold.hosts = "Consult 60", [[1, "Ada King", False]]
    times = [
        f"Monday 11 January 2027, {time}, until 08:15" for time in ("10:00–11:00", "11:00–12:00")
    ]

    same = for_client.sentence_of_several(holds, now=NOW)
    second.event_type_title = "Short 30"
    differing = for_client.sentence_of_several([first, second], now=NOW)

    assert same == (
        "We are holding Consult 60 with Ada King for you at these times (Europe/Rome): "
        f"{times[0]}; {times[1]}."
    )
    assert differing == (
        "We are holding these times (Europe/Rome) for you: "
        f"Consult 60 with Ada King, {times[0]}; Short 30 with Ada King, {times[1]}."
    )


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
            "In your time zone (Pacific/Honolulu) that is Sunday 10 January 2027, 23:00 – "
            "Monday 11 January 2027, 00:00, "
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
def test_sentence(hold: Hold, zone: ZoneInfo | None, now: datetime, said: str) -> None:
    assert for_client.sentence(hold, zone, now=now) == said


def test_sentence_is_in_the_language_of_the_page() -> None:
    hold = a_hold(THEN, NOW + timedelta(minutes=15))

    with translation.override("de"):
        said = for_client.sentence(hold, None, now=NOW)

    assert "Montag, 11. Januar 2027" in said
    assert "We are" not in said


def sentence(page: Any) -> str:
    found = re.search(r'id="sentence"[^>]*>([^<]*)<', page.content.decode())
    return found[1] if found else ""


def test_only_a_live_hold_has_a_sentence(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    browser = desk(staff)

    said = sentence(browser.get(f"/holds/{hold.pk}/"))

    until = (
        f"{hold.held_until.astimezone(ZoneInfo('Europe/Rome')):%H:%M}" if hold.held_until else ""
    )
    assert said.startswith(f"We are holding Consult 60 with Owner for you: {IN_FULL}, 10:00–11:00")
    assert re.search(rf" {until}( CES?T)?\.$", said)  # which, in the hour that comes twice
    verbs.release(staff, hold)
    assert sentence(browser.get(f"/holds/{hold.pk}/")) == ""


def test_zone_is_remembered_for_each_hold(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    browser = desk(staff)

    asked = browser.get(f"/holds/{hold.pk}/", {"client_zone": "new york"})
    again = browser.get(f"/holds/{hold.pk}/")
    wrong = browser.get(f"/holds/{hold.pk}/", {"client_zone": "Atlantis"})
    colleague = browser.get(f"/holds/{verbs.place(staff, start=verbs.LATER).pk}/")

    there = f"In your time zone (America/New York) that is {IN_FULL}, 04:00–05:00"
    assert there in sentence(asked)
    assert there in sentence(again)
    assert list(wrong.context["zone_form"].errors) == ["client_zone"]
    assert "your time zone" not in sentence(colleague)
    browser.get(f"/holds/{hold.pk}/", {"client_zone": ""})
    assert "your time zone" not in sentence(browser.get(f"/holds/{hold.pk}/"))


@pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])
def test_zone_chosen_while_placing_is_remembered(
    calcom: Sandbox, staff: User, headers: Any
) -> None:
    browser = desk(staff)

    placed = ask(browser, client_zone="America/New_York")
    page = browser.get(placed["Location"], headers=headers)
    offering = browser.post("/offers/new", {"hold": Hold.objects.get().pk})

    assert "In your time zone (America/New York)" in sentence(page)
    assert "client_zone=America%2FNew_York" in offering["Location"]


@pytest.mark.parametrize(
    ("typed", "name", "clock"),
    [
        ("GMT+2", "UTC+2", "11:00–12:00"),
        ("gmt-5", "UTC-5", "04:00–05:00"),
        ("utc+5:30", "UTC+5:30", "14:30–15:30"),
        ("são paulo", "America/Sao Paulo", "06:00–07:00"),
    ],
)
def test_zone_as_people_type_it(
    calcom: Sandbox, staff: User, typed: str, name: str, clock: str
) -> None:
    address = f"/holds/{verbs.place(staff).pk}/"
    browser = desk(staff)

    said = sentence(browser.get(address, {"client_zone": typed}))

    assert f"In your time zone ({name}) that is {IN_FULL}, {clock}, held until" in said
    assert sentence(browser.get(address)) == said


def test_offset_chosen_while_placing_is_remembered(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    picker = browser.get("/holds/new", {"event_type_id": "1", "client_zone": "gmt+2"})

    placed = ask(browser, client_zone=picker.context["picker"].choice.client_zone)
    offering = browser.post("/offers/new", {"hold": Hold.objects.get().pk})

    assert "In your time zone (UTC+2)" in sentence(browser.get(placed["Location"]))
    assert "client_zone=UTC%2B2" in offering["Location"]
    assert browser.get(offering["Location"]).context["picker"].choice.client_zone == "UTC+2"


def test_ambiguous_zone_is_asked_back(calcom: Sandbox, staff: User) -> None:
    address = f"/holds/{verbs.place(staff).pk}/"
    browser = desk(staff)

    asked = browser.get(address, {"client_zone": "mst"})
    chosen = browser.get(f"{address}?client_zone=mst&client_zone=America%2FPhoenix")

    [message] = asked.context["zone_form"].errors["client_zone"]
    assert message == (
        "“mst” can mean more than one time zone: America/Denver, America/Phoenix. Which one?"
    )
    shown = re.findall(r'name="client_zone"\s+value="(.*?)"', asked.content.decode())
    assert shown == ["mst", "America/Denver", "America/Phoenix"]
    assert "your time zone" not in sentence(asked)
    assert "In your time zone (America/Phoenix)" in sentence(chosen)


def test_picker_asks_back_too(calcom: Sandbox, staff: User) -> None:
    page = desk(staff).get("/holds/new", {"event_type_id": "1", "client_zone": "West"})

    found = re.findall(r'name="client_zone"\s+value="(.*?)"', page.content.decode())
    assert found[:3] == ["West", "Europe/Lisbon", "Australia/Perth"]


@pytest.mark.parametrize("name", ["Europe/Atlantis", "localtime", "../../etc/passwd"])
def test_remembered_zone_that_no_longer_exists(calcom: Sandbox, staff: User, name: str) -> None:
    hold, browser = verbs.place(staff), desk(staff)
    session = browser.session
    session[for_client.SESSION_KEY] = {str(hold.pk): name}
    session.save()

    page = browser.get(f"/holds/{hold.pk}/")

    assert page.status_code == 200
    assert "your time zone" not in sentence(page)
