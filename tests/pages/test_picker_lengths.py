"""Choosing a length where there is an earlier hold: to move it, hold it again, or add an option."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.calcom_state.models import StoredAnswer
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds import verbs
from tests.holds.verbs import SHORT, VARIABLE
from tests.pages.grid import cells

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

USUAL = 30
lengths = pytest.mark.parametrize("length", [15, USUAL, 60])


@pytest.fixture
def earlier(calcom: Sandbox, staff: User) -> Hold:
    return verbs.place(staff, event_type=VARIABLE, slot_duration=60)


@lengths
def test_hold_can_be_moved_to_any_length(browser: Client, earlier: Hold, length: int) -> None:
    asked = {"slot_duration": length, "event_type_id": VARIABLE}
    first_page = browser.get(f"/holds/{earlier.pk}/move", asked)
    other_day = browser.get(first_page.context["picker"].grid.nav["on_url"])
    chosen = browser.get(cells(other_day)[0].to).context

    shown = [page["picker"].form["slot_duration"].value() for page in (other_day.context, chosen)]
    assert shown == [length, length]
    assert browser.post(f"/holds/{earlier.pk}/move", chosen["form"].data).status_code == 303
    moved = Hold.objects.get(pk=earlier.pk)
    assert moved.slot_start == chosen["picker"].choice.chosen
    assert moved.slot_end == moved.slot_start + timedelta(minutes=length)


@lengths
@pytest.mark.parametrize("way", ["again", "offer"])
def test_next_hold_may_have_any_length(
    browser: Client, earlier: Hold, way: str, length: int
) -> None:
    browser.post("/offers/new", {"hold": earlier.pk})
    number = {"again": earlier.pk, "offer": Hold.objects.get(pk=earlier.pk).offer_id}[way]
    asked = {way: number, "event_type_id": VARIABLE, "slot_duration": length, "day": day(0)}
    page = browser.get(cells(browser.get("/holds/new", asked))[0].to).context

    assert page["picker"].form["slot_duration"].value() == length
    assert page["form"]["slot_duration"].value() == (None if length == USUAL else length)


def test_times_are_first_shown_for_the_length_of_the_hold(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    hold = verbs.place(staff, event_type=SHORT)
    calcom.change_event_type(SHORT, length=15, options=(15, 30))
    StoredAnswer.objects.all().delete()

    picker = browser.get(f"/holds/{hold.pk}/move").context["picker"]

    assert picker.form["slot_duration"].value() == 30
