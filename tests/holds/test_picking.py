"""The page on which a time is picked: what it shows as free, held and full."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import Preferences, User
from dashboard.holds.models import FreeTimes, Hold
from dashboard.sandbox import Booking, Sandbox
from tests.future_dates import BACK, FORWARD, YEAR, day, named
from tests.holds import cast
from tests.holds.cast import CONSULT, GROUP, MONDAY, ROUND_ROBIN, SHORT, VARIABLE
from tests.holds.desk import wish
from tests.holds.grid import cells, shown, times, until

SLOTS = "/v2/slots"
ON_MONDAY = f"event_type_id=1&day={day(0)}"


def test_a_day_shows_its_free_times_in_the_zone_of_the_office(browser: Client) -> None:
    page = browser.get(f"/holds/new?{ON_MONDAY}")

    hours = [f"{hour:02}:00 {named(0)}" for hour in range(9, 17)]
    assert (shown(page), times(page)) == (named(0), hours)
    assert re.findall("<h4>(.*?)</h4>", page.content.decode()) == ["Morning", "Afternoon"]


def test_a_week_shows_every_day_and_the_bookings_that_are_missing(browser: Client) -> None:
    page = browser.get(f"/holds/new?{ON_MONDAY}&view=week")

    names = re.findall(r"<h3><a [^>]*>(.*?)</a> <small>(.*?)</small>", page.content.decode())
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


def test_our_own_holds_show_with_holder_and_end_although_cal_com_hides_them(
    browser: Client, calcom: Sandbox, staff: User, colleague: User
) -> None:
    mine = cast.place(staff)
    theirs = cast.place(colleague, start=MONDAY + timedelta(hours=1))
    calcom.insert_hold(CONSULT, MONDAY + timedelta(hours=2))  # a stranger's

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


def test_what_we_place_and_release_shows_at_once_without_another_call(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    before = times(browser.get(f"/holds/new?{ON_MONDAY}"))
    hold = cast.place(staff)
    placed = times(browser.get(f"/holds/new?{ON_MONDAY}"))
    cast.release(staff, hold)
    released = times(browser.get(f"/holds/new?{ON_MONDAY}"))

    assert placed[1] == f"10:00 held by you until {until(hold)} (held)"
    assert [placed[0], *placed[2:]] == [before[0], *before[2:]]
    assert released == before
    assert len(calcom.calls(route=SLOTS)) == 1


def test_a_time_that_was_held_when_cal_com_listed_comes_back_when_it_is_released(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    hold = cast.place(staff)
    browser.get(f"/holds/new?{ON_MONDAY}")
    cast.release(staff, hold)

    found = times(browser.get(f"/holds/new?{ON_MONDAY}"))

    assert found[1] == f"10:00 {named(0)}"
    assert len(calcom.calls(route=SLOTS)) == 1


def test_an_unanswered_hold_counts_as_held_for_as_long_as_it_may_be(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    calcom.faults.add("drop", when="after", method="POST")
    browser.post("/holds/new", wish())

    found = times(browser.get(f"/holds/new?{ON_MONDAY}"))

    [hold] = Hold.objects.all()
    latest = timezone.localtime(hold.latest_end)
    assert found[1] == f"10:00 held by you until ≤ {latest:%H:%M:%S} (held)"


def test_a_seated_type_shows_seats_and_a_full_time_is_no_link(
    browser: Client, calcom: Sandbox
) -> None:
    calcom.add_booking(Booking("two", GROUP, MONDAY, MONDAY + timedelta(hours=1), attendees=4))
    monday = times(browser.get(f"/holds/new?event_type_id={GROUP}&day={day(0)}"))
    wednesday = cells(browser.get(f"/holds/new?event_type_id={GROUP}&day={day(2)}"))

    assert monday[:3] == [
        f"09:00 5 seats left {named(0)}",
        f"10:00 1 seat left {named(0)}",
        f"11:00 5 seats left {named(0)}",
    ]
    [full] = [cell for cell in wednesday if cell.kind == "full"]
    assert (full.words, full.to) == ("14:00 full", "")


def test_another_length_is_another_grid(browser: Client, calcom: Sandbox) -> None:
    of_45 = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}&slot_duration=45")
    usual = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}&slot_duration=30")
    plain = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}")

    assert [text[:5] for text in times(of_45)][:3] == ["09:00", "09:45", "10:30"]
    assert times(usual) == times(plain)
    assert len(calcom.calls(route=SLOTS)) == 2
    assert all("slot_duration=45" in cell.to for cell in cells(of_45))


def test_a_time_leads_to_the_form_with_everything_in_it(browser: Client, staff: User) -> None:
    grid = browser.get(f"/holds/new?event_type_id={VARIABLE}&day={day(0)}&slot_duration=45")
    form = browser.get(cells(grid)[1].to)
    html = form.content.decode()

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


def test_the_clients_zone_stands_beside_the_offices(browser: Client) -> None:
    by_city = browser.get(f"/holds/new?{ON_MONDAY}&client_zone=new york")
    by_name = browser.get(f"/holds/new?{ON_MONDAY}&client_zone=Asia/Tokyo")

    assert times(by_city)[:2] == [f"09:00 03:00 {named(0)}", f"10:00 04:00 {named(0)}"]
    assert times(by_name)[-1] == f"16:00 {named(1)} 00:00 {named(0)}"


def test_an_unknown_zone_is_told_beside_its_field_and_the_times_still_show(
    browser: Client,
) -> None:
    page = browser.get(f"/holds/new?{ON_MONDAY}&client_zone=<b>Atlantis")

    assert "Give a time zone such as America/New_York, or its city." in page.content.decode()
    assert 'value="&lt;b&gt;Atlantis"' in page.content.decode()
    assert len(times(page)) == 8


@pytest.mark.parametrize(
    "nonsense",
    [
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
    ],
)
def test_nonsense_in_the_address_is_no_fault_of_ours(browser: Client, nonsense: str) -> None:
    page = browser.get(f"/holds/new?{nonsense}")
    assert page.status_code == 200
    assert len(cells(page)) > 0


def test_next_free_day_skips_what_has_nothing_free(browser: Client, calcom: Sandbox) -> None:
    after_friday = browser.get(f"/holds/new?event_type_id=1&day={day(5)}&seek=yes")
    saturday = browser.get(f"/holds/new?event_type_id=1&day={day(5)}")

    assert shown(after_friday) == named(7)
    assert f"Nothing is free on {named(5)}." in saturday.content.decode()
    [seek] = re.findall(r'id="seek"[^>]*href="(.*?)"', saturday.content.decode())
    assert shown(browser.get(seek.replace("&amp;", "&"))) == named(7)
    # The week that was asked for, four weeks after it, and the week that was found.
    assert len(calcom.calls(route=SLOTS)) == 3


def test_where_nothing_is_free_for_weeks_asking_again_looks_further(
    browser: Client, calcom: Sandbox
) -> None:
    weeks = [MONDAY.replace(hour=0) + timedelta(days=7 * n) for n in range(6)]
    for number, monday in enumerate(weeks):
        week = Booking(f"away-{number}", CONSULT, monday, monday + timedelta(days=7))
        calcom.add_booking(week)
    first = browser.get(f"/holds/new?event_type_id=1&day={day(1)}&seek=yes")

    assert shown(first) == named(35)
    assert f"Nothing is free from {named(1)} to {named(35)}." in first.content.decode()
    [seek] = re.findall(r'id="seek"[^>]*href="(.*?)"', first.content.decode())
    assert shown(browser.get(seek.replace("&amp;", "&"))) == named(42)


def test_the_past_is_neither_shown_nor_asked_for(browser: Client, calcom: Sandbox) -> None:
    page = browser.get("/holds/new?event_type_id=1&day=2020-01-06")

    today = timezone.localdate()
    assert shown(page) == f"{today:%a} {today.day} {today:%b}"
    assert 'id="back"' not in page.content.decode()
    assert len(calcom.calls(route=SLOTS)) == 1


def test_the_page_opens_on_the_next_free_time_of_the_usual_event_type(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    cast.place(staff, event_type=SHORT)
    last = browser.get("/holds/new").content.decode()
    Preferences.objects.create(user=staff, event_type_id=GROUP)
    preferred = browser.get("/holds/new").content.decode()

    assert f'<option value="{SHORT}" selected>' in last
    assert f'<option value="{GROUP}" selected>' in preferred
    assert last.count(" autofocus") == 1
    assert re.findall(r'<a class="time"', last.split(" autofocus")[0]) == ['<a class="time"']


def test_team_types_come_by_their_number(browser: Client) -> None:
    page = browser.get(f"/holds/new?other_event_type_id={ROUND_ROBIN}&day={day(0)}")
    html = page.content.decode()
    assert f'<option value="{ROUND_ROBIN}" selected>Studio RR · 60 min' in html
    assert len(times(page)) == 8


def test_a_typed_number_works_where_the_key_may_not_list(browser: Client, calcom: Sandbox) -> None:
    calcom.faults.add("500", route="/v2/event-types", count=None)
    calcom.faults.add("500", route="/v2/event-types/{id}", count=None)
    empty = browser.get("/holds/new")
    page = browser.get(f"/holds/new?{ON_MONDAY}")

    assert 'type="number" name="event_type_id"' in empty.content.decode()
    assert "Give the number of an event type" in empty.content.decode()
    assert len(times(page)) == 8
    assert browser.post("/holds/new", wish()).status_code == 303


@pytest.mark.parametrize(
    ("day", "hours", "listed", "shown_as"),
    [
        (
            BACK,
            25,
            [f"{BACK}T00:30Z", f"{BACK}T01:30Z", f"{BACK}T22:30Z"],
            ["02:30+02", "02:30+01", "23:30"],
        ),
        (
            FORWARD,
            23,
            [f"{FORWARD - timedelta(days=1)}T23:00Z", f"{FORWARD}T00:30Z", f"{FORWARD}T01:30Z"],
            ["00:00", "01:30", "03:30"],
        ),
    ],
)
def test_days_on_which_the_clocks_change_are_as_long_as_they_are(
    browser: Client, day: date, hours: int, listed: list[str], shown_as: list[str]
) -> None:
    around = [f"{day - timedelta(days=1)}T12:00Z", f"{day + timedelta(days=1)}T12:00Z"]
    slots = [[datetime.fromisoformat(at).isoformat(), None, None, None] for at in around + listed]
    FreeTimes.objects.create(
        event_type_id=CONSULT,
        first_day=day - timedelta(days=6),
        days=7,
        asked_at=timezone.now(),
        answered_at=timezone.now() + timedelta(seconds=1),
        slots=slots,
    )
    page = browser.get(f"/holds/new?event_type_id=1&day={day}")

    assert [words.split(" ")[0] for words in times(page)] == shown_as
    assert f"The clocks change on this day: it has {hours} hours." in page.content.decode()
    chosen = [browser.get(cell.to).context["choosing"].choice.chosen for cell in cells(page)]
    assert chosen == [datetime.fromisoformat(at) for at in listed]


def test_a_span_is_the_offices_days_and_not_those_of_utc(browser: Client, calcom: Sandbox) -> None:
    browser.get(f"/holds/new?{ON_MONDAY}")
    row = FreeTimes.objects.get()
    assert (row.first_day, row.days) == (day(0), 7)
    [call] = calcom.calls(route=SLOTS)
    assert call.status == 200


def test_under_htmx_only_the_part_that_changes_is_sent(browser: Client) -> None:
    def part(target: str, **more: str) -> str:
        headers = {"HX-Request": "true", "HX-Target": target, "HX-Request-Type": "partial"}
        return browser.get(f"/holds/new?{ON_MONDAY}", more, headers=headers).content.decode()

    assert part("section#times").startswith('<section id="times"')
    assert """hx-boost:inherited='target:"#chosen" swap""" in part("section#times")
    assert '<form id="wish"' not in part("section#times")
    assert part("div#chosen").startswith('<div id="chosen"')
    assert "data-grid" not in part("div#chosen")
    assert part("section#place").startswith('<section id="place"')
