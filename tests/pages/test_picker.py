"""Pick a time: free, held and full times, and the picker's parameters."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dashboard.accounts.models import Preferences, User
from dashboard.calcom_state import calcom_client
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.sandbox import Booking, Sandbox
from tests.future_dates import YEAR, day, named
from tests.holds import verbs
from tests.holds.verbs import CONSULT, GROUP, MONDAY, ROUND_ROBIN, SHORT, VARIABLE
from tests.pages.desk import markup, wish
from tests.pages.grid import cells, shown, times, until

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

SLOTS = "/v2/slots"
ON_MONDAY = f"event_type_id=1&day={day(0)}"


def test_day_shows_free_times_in_the_office_zone(browser: Client) -> None:
    page = browser.get(f"/holds/new?{ON_MONDAY}")

    hours = [f"{hour:02}:00 {named(0)}" for hour in range(9, 17)]
    assert (shown(page), times(page)) == (named(0), hours)
    assert re.findall("<h4>(.*?)</h4>", markup(page)) == ["Morning", "Afternoon"]


def test_own_holds_show_holder_and_end(
    browser: Client, calcom: Sandbox, staff: User, colleague: User
) -> None:
    mine = verbs.place(staff)
    theirs = verbs.place(colleague, start=MONDAY + timedelta(hours=1))
    calcom.insert_reservation(CONSULT, MONDAY + timedelta(hours=2))  # a stranger's

    found = cells(browser.get(f"/holds/new?{ON_MONDAY}"))

    held = [cell for cell in found if cell.kind == "held"]
    assert [cell.words for cell in held] == [
        f"10:00 held by you until {until(mine)}",
        f"11:00 held by colleague until {until(theirs)}",
    ]
    assert [cell.to for cell in held] == [f"/holds/{mine.pk}/", f"/holds/{theirs.pk}/"]
    assert [cell.words[:5] for cell in found if cell.kind == "free"] == [
        "09:00",
        "13:00",
        "14:00",
        "15:00",
        "16:00",
    ]


def test_placing_and_releasing_shows_without_another_call(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    before = times(browser.get(f"/holds/new?{ON_MONDAY}"))
    hold = verbs.place(staff)
    placed = times(browser.get(f"/holds/new?{ON_MONDAY}"))
    verbs.release(staff, hold)
    released = times(browser.get(f"/holds/new?{ON_MONDAY}"))

    assert placed[1] == f"10:00 held by you until {until(hold)} (held)"
    assert [placed[0], *placed[2:]] == [before[0], *before[2:]]
    assert released == before
    assert len(calcom.calls(route=SLOTS)) == 1


@pytest.mark.parametrize("minutes", [-343, 15, -60])  # from 10:00: at 04:17, 10:15 and 09:00
def test_released_time_that_cal_com_never_listed_is_not_free(
    browser: Client, calcom: Sandbox, staff: User, minutes: int
) -> None:
    before = times(browser.get(f"/holds/new?{ON_MONDAY}"))
    hold = verbs.place(staff, start=MONDAY + timedelta(minutes=minutes))
    verbs.release(staff, hold)

    assert times(browser.get(f"/holds/new?{ON_MONDAY}")) == before


def test_time_held_during_the_listing_is_free_after_release(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    hold = verbs.place(staff)
    browser.get(f"/holds/new?{ON_MONDAY}")
    verbs.release(staff, hold)

    found = times(browser.get(f"/holds/new?{ON_MONDAY}"))

    assert found[1] == f"10:00 {named(0)}"
    assert len(calcom.calls(route=SLOTS)) == 1


def test_unconfirmed_hold_is_shown_as_held(browser: Client, calcom: Sandbox, staff: User) -> None:
    calcom.faults.add("drop", when="after", method="POST")
    browser.post("/holds/new", wish())

    found = times(browser.get(f"/holds/new?{ON_MONDAY}"))

    [hold] = Hold.objects.all()
    assert hold.latest_end is not None
    ends = hold.latest_end + timedelta(seconds=59)
    certain = local_times.when(ends, time_of_day=local_times.minute)
    assert found[1] == f"10:00 not confirmed, certain by {certain} (held)"


def test_seated_type_shows_seats_and_full_times(browser: Client, calcom: Sandbox) -> None:
    calcom.add_booking(Booking("two", GROUP, MONDAY, MONDAY + timedelta(hours=1), attendees=4))
    monday = times(browser.get(f"/holds/new?event_type_id={GROUP}&day={day(0)}"))
    wednesday = cells(browser.get(f"/holds/new?event_type_id={GROUP}&day={day(2)}"))

    assert monday[:3] == [
        f"09:00 5 of 5 seats left {named(0)}",
        f"10:00 1 of 5 seats left {named(0)}",
        f"11:00 5 of 5 seats left {named(0)}",
    ]
    [full] = [cell for cell in wednesday if cell.kind == "full"]
    assert (full.words, full.to) == ("14:00 full", "")


def test_length_changes_the_grid(browser: Client, calcom: Sandbox) -> None:
    of_45 = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}&slot_duration=45")
    usual = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}&slot_duration=30")
    plain = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}")

    assert [text[:5] for text in times(of_45)][:3] == ["09:00", "09:45", "10:30"]
    assert times(usual) == times(plain)
    assert len(calcom.calls(route=SLOTS)) == 2
    assert all("slot_duration=45" in cell.to for cell in cells(of_45))


def test_time_links_to_the_filled_form(browser: Client, staff: User) -> None:
    grid = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}&slot_duration=45")
    form = browser.get(cells(grid)[1].to)
    html = markup(form)

    assert "09:45–10:30" in html
    assert re.search(r'<input[^>]*name="client_name"[^>]* autofocus', html)
    sent = {
        name: re.findall(f'name="{name}" value="([^"]*)"', html)[-1]
        for name in ("slot_start", "slot_duration")
    }
    placed = browser.post("/holds/new", wish(event_type_id=VARIABLE, **sent))
    [hold] = Hold.objects.all()
    assert placed.status_code == 303
    assert (hold.slot_start, hold.slot_duration) == (
        MONDAY - timedelta(minutes=15),
        45,
    )


def test_client_zone_is_shown_beside_the_office_time(browser: Client) -> None:
    by_city = browser.get(f"/holds/new?{ON_MONDAY}&client_zone=new york")
    by_name = browser.get(f"/holds/new?{ON_MONDAY}&client_zone=Asia/Tokyo")

    assert times(by_city)[:2] == [f"09:00 03:00 {named(0)}", f"10:00 04:00 {named(0)}"]
    assert times(by_name)[-1] == f"16:00 {named(1)} 00:00 {named(0)}"


def test_unknown_client_zone_is_an_error_beside_its_field(
    browser: Client,
) -> None:
    page = browser.get(f"/holds/new?{ON_MONDAY}&client_zone=<b>Atlantis")

    message = "Give a time zone such as America/New_York, its city, or an offset: UTC+2."
    assert message in markup(page)
    assert len(times(page)) == 8


NONSENSE = [
    f"day={YEAR}-02-30",
    "day=0001-01-01",
    "day=9999-12-31",
    "day=x",
    "view=month",
    "slot_duration=-5",
    "slot_duration=99999999999999999999",
    "slot_start=yesterday",
    f"slot_start={day(0)}T10:00&slot_start=x",
    "client_zone=/etc/passwd",
    "client_zone=" + "x" * 500,
    "other_event_type_id=0",
    "event_type_id=abc",
    "event_type_id=99999999999999999999",
    "seek=perhaps",
]


def test_invalid_parameters_still_show_times(browser: Client) -> None:
    pages = {nonsense: browser.get(f"/holds/new?{nonsense}") for nonsense in NONSENSE}
    shown = {query: (page.status_code, cells(page) != []) for query, page in pages.items()}
    assert shown == dict.fromkeys(NONSENSE, (200, True))


def test_page_opens_on_the_usual_event_type(browser: Client, calcom: Sandbox, staff: User) -> None:
    verbs.place(staff, event_type=SHORT)
    last = markup(browser.get("/holds/new"))
    Preferences.objects.create(user=staff, event_type_id=GROUP)
    preferred = markup(browser.get("/holds/new"))

    assert f'<option value="{SHORT}" selected>' in last
    assert f'<option value="{GROUP}" selected>' in preferred
    assert last.count(" autofocus") == 1
    assert re.findall(r'<a class="time"', last.split(" autofocus")[0]) == ['<a class="time"']


def test_team_event_type_by_its_number(browser: Client) -> None:
    page = browser.get(f"/holds/new?other_event_type_id={ROUND_ROBIN}&day={day(0)}")
    html = markup(page)
    assert f'<option value="{ROUND_ROBIN}" selected>Studio RR · 60 min' in html
    assert len(times(page)) == 8


def test_event_type_by_number_without_a_list(browser: Client, calcom: Sandbox) -> None:
    calcom.faults.add("500", route="/v2/event-types", count=None)
    calcom.faults.add("500", route="/v2/event-types/{id}", count=None)
    empty = browser.get("/holds/new")
    page = browser.get(f"/holds/new?{ON_MONDAY}")

    assert 'type="number" name="event_type_id"' in markup(empty)
    assert "Enter an event type number" in markup(empty)
    assert len(times(page)) == 8
    assert browser.post("/holds/new", wish()).status_code == 303


def test_htmx_gets_the_part_it_targets(browser: Client) -> None:
    def part(target: str, **more: str) -> str:
        headers = {"HX-Request": "true", "HX-Target": target, "HX-Request-Type": "partial"}
        return markup(browser.get(f"/holds/new?{ON_MONDAY}", more, headers=headers))

    assert part("section#times").startswith('<section id="times"')
    assert """hx-boost:inherited='target:"#chosen" swap""" in part("section#times")
    assert '<form id="wish"' not in part("section#times")
    assert part("div#chosen").startswith('<div id="chosen"')
    assert "data-grid" not in part("div#chosen")
    assert part("section#place").startswith('<section id="place"')


@pytest.mark.parametrize(
    ("key", "event_type", "waits"),
    [("cal_owner0123456789", "99999", False), ("cal_nobody", CONSULT, False)],
)
def test_waiting_is_not_offered_where_it_does_not_help(
    browser: Client, settings: Any, key: str, event_type: object, waits: bool
) -> None:
    settings.CALCOM_API_KEY = key
    page = browser.get(f"/holds/new?event_type_id={event_type}&day={day(0)}")
    assert page.context["picker"].grid.trouble is not None
    assert ("Try again in" in page.content.decode()) is waits


class TestPoll:
    """Held cells follow the register without a call while nothing is new."""

    ADDRESS = f"/holds/new/times?{ON_MONDAY}"

    @pytest.mark.parametrize("view", ["day", "week"])
    def test_page_carries_the_etag_of_its_poll(
        self, browser: Client, calcom: Sandbox, staff: User, view: str
    ) -> None:
        verbs.place(staff)
        grid = browser.get(f"/holds/new?{ON_MONDAY}&view={view}").context["picker"].grid
        calcom.forget_calls()
        answer = browser.get(grid.poll_url, headers={"If-None-Match": grid.etag})
        assert (answer.status_code, calcom.calls()) == (304, [])

    def test_a_hold_placed_or_ended_elsewhere_is_news(
        self, browser: Client, calcom: Sandbox, colleague: User
    ) -> None:
        grid = browser.get(f"/holds/new?{ON_MONDAY}").context["picker"].grid
        hold = verbs.place(colleague)
        placed = browser.get(grid.poll_url, headers={"If-None-Match": grid.etag})
        assert times(placed)[1] == f"10:00 held by colleague until {until(hold)} (held)"
        verbs.release(colleague, hold)
        released = browser.get(grid.poll_url, headers={"If-None-Match": placed["ETag"]})
        assert (cells(released)[1].kind, cells(released)[1].words[:5]) == ("free", "10:00")

    def test_nonsense_still_answers(self, browser: Client, calcom: Sandbox) -> None:
        assert browser.get("/holds/new/times?day=never&event_type_id=x").status_code == 200


def test_page_begins_no_call_after_one_that_hung(
    browser: Client, calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calcom_client, "SILENT", -1)  # as if each had taken longer
    calcom.faults.add("drop", count=None)
    calcom.forget_calls()

    page = browser.get(f"/holds/new?{ON_MONDAY}")

    assert len(calcom.calls()) == 1
    assert "cal.com has not answered yet." in page.content.decode()
