"""Move a hold: times, preview, and other times where one is taken."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.sandbox import Sandbox
from tests.future_dates import named
from tests.holds import verbs
from tests.holds.factories import put_ended
from tests.holds.verbs import CONSULT, LATER, MONDAY, SHORT
from tests.pages.grid import cells


@pytest.mark.parametrize("event_type", [CONSULT, SHORT])
def test_move_to_a_colleagues_slot_names_holder_and_end(
    browser: Client, calcom: Sandbox, staff: User, colleague: User, event_type: int
) -> None:
    hold = verbs.place(staff)
    theirs = verbs.place(colleague, start=LATER, event_type=event_type)
    there = {"slot_start": LATER.isoformat(), "event_type_id": str(event_type)}

    refused = browser.post(f"/holds/{hold.pk}/move", there)

    problem = refused.content.decode().partition('class="notice trouble"')[2].partition("</ul>")[0]
    assert refused.status_code == 409
    assert f'href="/holds/{theirs.pk}/"' in problem
    end = local_times.when(Hold.objects.get(pk=theirs.pk).held_until)
    assert f'by <bdi translate="no">colleague</bdi> until {end}' in problem


def test_move_page_shows_times_then_a_preview(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    hold = verbs.place(staff)
    page = browser.get(f"/holds/{hold.pk}/move")
    found = cells(page)

    assert [cell.kind for cell in found][:3] == ["free", "held", "free"]
    preview = browser.get(found[2].to)
    assert preview.context["target"]["time"] == "11:00–12:00"
    assert preview.context["picker"].choice.chosen == MONDAY + timedelta(hours=1)
    assert calcom.calls("PATCH") == []


@pytest.mark.parametrize("part", ["move", "move/poll"])
def test_chosen_time_of_an_ended_hold_can_be_held_again(
    browser: Client, calcom: Sandbox, staff: User, part: str
) -> None:
    hold = put_ended(staff, "expired", client_name="Grace")
    chosen = {"event_type_id": CONSULT, "slot_start": f"{LATER:%Y-%m-%dT%H:%M}Z"}
    page = browser.get(f"/holds/{hold.pk}/{part}", chosen).content.decode()
    [moving] = re.findall(r'<div id="moving".*?</a>', page, re.DOTALL)
    [again] = re.findall(r'href="(/holds/new.*?)"', moving)
    form = browser.get(html.unescape(again)).context["form"]

    assert "held until" not in moving
    # Before a time is chosen, none is asked for: it could not be moved to.
    assert b"Choose a time below" not in browser.get(f"/holds/{hold.pk}/{part}").content
    assert [form["client_name"].value(), form["slot_start"].value()] == ["Grace", LATER]


def test_refused_move_offers_the_next_free_times(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    hold = verbs.place(staff)
    calcom.insert_reservation(CONSULT, verbs.LATER)
    refused = browser.post(
        f"/holds/{hold.pk}/move",
        {"slot_start": verbs.LATER.isoformat(), "reservation_duration": 40},
    )

    assert refused.status_code == 409
    alternatives = refused.context["alternatives"]
    assert alternatives[0].label == f"{named(0)} 13:00"
    preview = browser.get(alternatives[0].url)
    assert preview.context["target"]["time"] == "13:00–14:00"
    assert preview.context["form"]["reservation_duration"].value() == "40"
