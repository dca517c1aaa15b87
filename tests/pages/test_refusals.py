"""Refuse a form: message beside its field, status, and other free times."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.sandbox import Sandbox
from tests.future_dates import day, named
from tests.holds import verbs
from tests.holds.verbs import ALL, CONSULT, GROUP, MONDAY, ONE, STRANGERS
from tests.pages.desk import ask, desk, markup, wish
from tests.pages.grid import times, until

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

SLOTS = "/v2/slots"
ON_MONDAY = f"event_type_id=1&day={day(0)}"


def test_refusal_beside_a_field_is_told_once(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, minutes=60)
    answers = {
        "place": ask(desk(staff), slot_start="2020-01-13T09:00Z"),
        "extend": desk(staff).post(f"/holds/{hold.pk}/extend", {"reservation_duration": 5}),
        "move": desk(staff).post(f"/holds/{hold.pk}/move", {"slot_start": "2020-01-13T09:00Z"}),
    }
    boxes = {name: markup(a).count('class="notice trouble"') for name, a in answers.items()}
    assert boxes == dict.fromkeys(answers, 2)  # one of them is in the texts of scripts
    assert all("Not saved. Fix the highlighted fields." in markup(a) for a in answers.values())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("429", 503),
        ("stranger", 409),
        ("stranger-books", 409),
        ("500", 303),
        ("502", 303),
        ("truncated", 303),
        ("drop", 303),
    ],
)
def test_statuses_of_placing(calcom: Sandbox, staff: User, kind: str, status: int) -> None:
    calcom.faults.add(kind, method="POST", route=ALL)

    browser = desk(staff)
    answer = ask(browser)

    assert answer.status_code == status
    if status == 303:
        assert answer["Location"] == f"/holds/{Hold.objects.get().pk}/"
        page = markup(browser.get(answer["Location"]))
        # Once, where it is kept true: a message above it would go on to say what was known then.
        told = r"The time may be held at cal.com, until [\w :]+ \(Europe/Rome\) at the latest"
        assert len(re.findall(told, page)) == 1


def test_refusal_that_concerns_no_field_highlights_none(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_reservation(STRANGERS, MONDAY, minutes=30).uid
    browser = desk(staff)
    added = browser.post("/look-up", {"uid": uid, "take": "yes"})

    page = browser.post(f"{added['Location']}extend", {"add": 15})

    assert page.status_code == 422
    assert markup(page).count("cal.com refused: the key may not hold this event type.") == 1
    assert "Fix the highlighted fields" not in markup(page)


def test_rate_limited_release_leaves_the_hold(calcom: Sandbox, staff: User) -> None:
    held = verbs.place(staff)
    calcom.faults.add("429", method="DELETE", route=ONE, seconds=20)

    answer = desk(staff).post(f"/holds/{held.pk}/release", {"reason": "mistake"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "20")
    assert f"The hold is unchanged: {named(0)} 10:00–11:00 is held until" in markup(answer)
    # Said once: with scripts by the line that counts down, else by the sentence.
    said = r'<p class="no-script">Try again in 20 seconds.</p>\s*<p class="script"'
    assert re.search(said, markup(answer))
    kept = Hold.objects.get(pk=held.pk)
    assert (kept.state, kept.change, kept.end_reason, kept.end_note) == ("held", None, "", "")


def test_taken_slot_offers_the_next_free_times(browser: Client, calcom: Sandbox) -> None:
    calcom.insert_reservation(CONSULT, MONDAY)

    refused = browser.post("/holds/new", wish(note="called at nine"))

    html = markup(refused)
    ways = re.findall(r'name="slot_start" value="([^"]*)">([^<]*)</button>', html)
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


def test_next_free_times_continue_after_the_weekend(browser: Client, calcom: Sandbox) -> None:
    friday = datetime.fromisoformat(f"{day(4)}T16:00+01:00")
    calcom.insert_reservation(CONSULT, friday)
    refused = browser.post("/holds/new", wish(slot_start=friday.isoformat()))
    ways = re.findall(r'name="slot_start" value="[^"]*">([^<]*)</button>', markup(refused))
    assert ways[0] == f"{named(7)} 09:00"


def test_taken_time_is_no_longer_offered(browser: Client, calcom: Sandbox, colleague: User) -> None:
    browser.get(f"/holds/new?{ON_MONDAY}")
    calcom.insert_reservation(CONSULT, MONDAY)
    browser.post("/holds/new", wish())

    theirs = times(desk(colleague).get(f"/holds/new?{ON_MONDAY}"))

    assert [text[:5] for text in theirs][:2] == ["09:00", "11:00"]
    assert len(calcom.calls(route=SLOTS)) == 1


def test_slot_of_a_colleague_names_holder_and_end(
    browser: Client, calcom: Sandbox, colleague: User
) -> None:
    theirs = verbs.place(colleague)
    html = markup(browser.post("/holds/new", wish()))
    assert f"held by colleague until {until(theirs)}" in html
    assert f'value="{day(0)}T11:00">{named(0)} 11:00</button>' in html


def test_slot_of_an_unconfirmed_hold_names_its_holder(browser: Client, calcom: Sandbox) -> None:
    """Placing again after an unanswered POST is refused by the person's own hold."""
    calcom.faults.add("drop", when="after", method="POST")
    browser.post("/holds/new", wish())

    html = markup(browser.post("/holds/new", wish()))

    first = Hold.objects.get(state="unconfirmed")
    assert first.latest_end is not None
    latest = local_times.when(first.latest_end)
    assert f'possibly held by<bdi translate="no">you</bdi>until {latest} at the latest' in html
    assert f'href="/holds/{first.pk}/"' in html


def test_full_seated_time_offers_the_next_with_seats(browser: Client, calcom: Sandbox) -> None:
    full = wish(event_type_id=GROUP, slot_start=f"{day(2)}T14:00+01:00")
    refused = browser.post("/holds/new", full)
    assert refused.status_code == 409
    assert f"{named(2)} 15:00 · 5 of 5 seats left</button>" in markup(refused)
