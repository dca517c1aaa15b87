"""A time that is taken comes with the next free ones, whoever has it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.future_dates import day, named
from tests.holds import cast
from tests.holds.cast import CONSULT, GROUP, LATER, MONDAY, SHORT
from tests.holds.desk import desk, wish
from tests.holds.grid import cells, times, until

SLOTS = "/v2/slots"
ON_MONDAY = f"event_type_id=1&day={day(0)}"


def test_a_taken_time_comes_with_the_next_free_ones_and_what_was_typed_stays(
    browser: Client, calcom: Sandbox
) -> None:
    calcom.insert_hold(CONSULT, MONDAY)

    refused = browser.post("/holds/new", wish(note="called at nine"))

    html = refused.content.decode()
    ways = re.findall(r'name="slot_start" value="(.*?)">(.*?)</button>', html)
    assert refused.status_code == 409
    assert ways == [
        (f"{day(0)}T11:00", f"{named(0)} 11:00"),
        (f"{day(0)}T12:00", f"{named(0)} 12:00"),
        (f"{day(0)}T13:00", f"{named(0)} 13:00"),
        (f"{day(0)}T14:00", f"{named(0)} 14:00"),
    ]
    assert 'value="called at nine"' in html
    # The way out comes after the field of the same name, so that it is the one that counts.
    assert html.rindex(f'name="slot_start" value="{day(0)}T11:00"') > html.index("id_slot_start")
    two = browser.post("/holds/new", wish() | {"slot_start": [MONDAY.isoformat(), ways[0][0]]})
    assert two.status_code == 303
    assert Hold.objects.get(state="held").slot_start == MONDAY + timedelta(hours=1)


def test_the_next_free_times_go_on_over_the_weekend(browser: Client, calcom: Sandbox) -> None:
    friday = datetime.fromisoformat(f"{day(4)}T16:00+01:00")
    calcom.insert_hold(CONSULT, friday)
    refused = browser.post("/holds/new", wish(slot_start=friday.isoformat()))
    ways = re.findall(r'name="slot_start" value=".*?">(.*?)</button>', refused.content.decode())
    assert ways[0] == f"{named(7)} 09:00"


def test_what_was_found_taken_is_offered_to_nobody_else(
    browser: Client, calcom: Sandbox, colleague: User
) -> None:
    browser.get(f"/holds/new?{ON_MONDAY}")
    calcom.insert_hold(CONSULT, MONDAY)
    browser.post("/holds/new", wish())

    theirs = times(desk(colleague).get(f"/holds/new?{ON_MONDAY}"))

    assert [text[:5] for text in theirs][:2] == ["09:00", "11:00"]
    assert len(calcom.calls(route=SLOTS)) == 1


def test_a_time_that_is_ours_says_who_has_it_until_when(
    browser: Client, calcom: Sandbox, colleague: User
) -> None:
    theirs = cast.place(colleague)
    html = browser.post("/holds/new", wish()).content.decode()
    assert f"held by colleague until {until(theirs)}" in html
    assert f'value="{day(0)}T11:00">{named(0)} 11:00</button>' in html


def test_a_time_that_may_be_ours_says_who_asked_for_it(browser: Client, calcom: Sandbox) -> None:
    """Whoever asks again after an answer that never came is refused by their own hold."""
    calcom.faults.add("drop", when="after", method="POST")
    browser.post("/holds/new", wish())

    html = browser.post("/holds/new", wish()).content.decode()

    first = Hold.objects.get(state="unconfirmed")
    assert first.latest_end is not None
    latest = f"{timezone.localtime(first.latest_end):%H:%M:%S}"
    assert f"perhaps held by you, until {latest} at the latest" in html
    assert f'href="/holds/{first.pk}/"' in html


@pytest.mark.parametrize("event_type", [CONSULT, SHORT])
def test_a_move_to_a_time_that_is_ours_says_who_has_it(
    browser: Client, calcom: Sandbox, staff: User, colleague: User, event_type: int
) -> None:
    hold = cast.place(staff)
    theirs = cast.place(colleague, start=LATER, event_type=event_type)
    there = {"slot_start": LATER.isoformat(), "event_type_id": str(event_type)}

    refused = browser.post(f"/holds/{hold.pk}/move", there)

    problem = refused.content.decode().partition('class="notice trouble"')[2].partition("</ul>")[0]
    assert refused.status_code == 409
    assert f'href="/holds/{theirs.pk}/"' in problem
    assert f"held by colleague until {until(theirs)}" in problem


def test_a_full_seated_time_comes_with_a_way_out(browser: Client, calcom: Sandbox) -> None:
    full = wish(event_type_id=GROUP, slot_start=f"{day(2)}T14:00+01:00")
    refused = browser.post("/holds/new", full)
    assert refused.status_code == 409
    assert f"{named(2)} 15:00 · 5 seats left</button>" in refused.content.decode()


def test_a_move_shows_where_it_can_go_and_from_and_to_before_it_is_agreed(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    hold = cast.place(staff)
    page = browser.get(f"/holds/{hold.pk}/move")
    found = cells(page)

    assert [cell.kind for cell in found][:3] == ["free", "held", "free"]
    preview = browser.get(found[2].to)
    assert preview.context["to"]["time"] == "11:00–12:00"
    assert preview.context["choosing"].choice.chosen == MONDAY + timedelta(hours=1)
    assert calcom.calls("PATCH") == []


def test_a_refused_move_comes_with_the_next_free_times_too(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    hold = cast.place(staff)
    calcom.insert_hold(CONSULT, cast.LATER)
    refused = browser.post(
        f"/holds/{hold.pk}/move", {"slot_start": cast.LATER.isoformat(), "reservation_duration": 40}
    )

    assert refused.status_code == 409
    ways = refused.context["ways"]
    assert ways[0].said == f"{named(0)} 13:00"
    preview = browser.get(ways[0].url)
    assert preview.context["to"]["time"] == "13:00–14:00"
    assert preview.context["form"]["reservation_duration"].value() == "40"


def test_a_clients_name_gets_into_no_address(browser: Client, calcom: Sandbox) -> None:
    calcom.insert_hold(CONSULT, MONDAY)
    refused = browser.post("/holds/new", wish(client_name="Hedy", client_contact="+39 06"))
    links = re.findall(r'(?:href|action)="([^"]*)"', refused.content.decode())
    assert [link for link in links if "Hedy" in link or "39" in link] == []
