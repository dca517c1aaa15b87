"""Choosing an event type: by calendar, one's usual and recent ones first, told apart."""

from __future__ import annotations

import gzip
import re

import pytest
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test.utils import CaptureQueriesContext

from dashboard.accounts.models import Preferences, User
from dashboard.calcom import EventTypeKind, Host
from dashboard.calendars.models import Calendar
from dashboard.pages.choices import event_type_label, explanation, label_of
from dashboard.pages.first_free import FirstFreeForm, chosen
from dashboard.sandbox import Sandbox
from tests.future_dates import day, named
from tests.holds.factories import put_ended
from tests.holds.verbs import CONSULT, SHORT, VARIABLE
from tests.kept import forget_kept
from tests.pages.calendar_rows import calendar, event_type
from tests.pages.desk import desk, markup

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

ADA, BEN, CY = Host(1, "Ada", "ada"), Host(2, "Ben", "ben"), Host(3, "Cy", "cy")
FIXED = Host(1, "Ada", "ada", is_fixed=True)
PATH = f"/holds/new?event_type_id={CONSULT}&day={day(0)}"
LARGEST = 25_000  # bytes of a page with 12 calendars and 60 event types, compressed


@pytest.fixture(autouse=True)
def no_answers_in_memory(db: None) -> None:
    forget_kept()


def options(page: HttpResponse) -> list[tuple[str, list[str]]]:
    """Return the groups of the picker's select, each with its options."""
    select = re.findall(r'<select name="event_type_id"[^>]*>(.*?)</select>', markup(page))[0]
    groups = re.findall(r'<optgroup label="([^"]*)">(.*?)</optgroup>', select)
    return [(name, re.findall("<option[^>]*>([^<]*)<", inside)) for name, inside in groups]


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({}, "Talk · 60 min · Ada"),
        ({"length_options": (15, 30)}, "Talk · 15/30 min · Ada"),
        ({"kind": EventTypeKind.SEATED, "seats_per_time_slot": 5}, "Talk · 60 min · 5 seats"),
        ({"kind": EventTypeKind.ROUND_ROBIN, "hosts": (ADA, BEN)}, "Talk · 60 min · one of 2"),
        ({"kind": EventTypeKind.ROUND_ROBIN, "hosts": (FIXED, BEN)}, "Talk · 60 min · Ada"),
        ({"kind": EventTypeKind.ROUND_ROBIN, "hosts": ()}, "Talk · 60 min · one of several"),
        (
            {"kind": EventTypeKind.COLLECTIVE, "hosts": (ADA, BEN, CY)},
            "Talk · 60 min · all of 3 together",
        ),
    ],
)
def test_label_says_what_it_means_at_the_desk(fields: dict[str, object], label: str) -> None:
    assert event_type_label(event_type(1, "Talk", **{"hosts": (ADA,)} | fields)) == label


@pytest.mark.parametrize(
    ("calendar_label", "label"),
    [
        ("Ada", "Ada · Talk · 60 min"),
        ("Room 1", "Room 1 · Talk · 60 min · Ada"),
        ("", "Talk · 60 min · Ada"),
    ],
)
def test_list_by_calendar_names_its_owner_once(calendar_label: str, label: str) -> None:
    talk = event_type(1, "Talk", hosts=(ADA,))
    assert label_of(Calendar(label=calendar_label), talk) == label


def test_explanation_names_the_people() -> None:
    kinds = (EventTypeKind.ROUND_ROBIN, EventTypeKind.COLLECTIVE, EventTypeKind.INDIVIDUAL)

    said = [explanation(event_type(1, kind=kind, hosts=(ADA, BEN))) for kind in kinds]
    said += [explanation(event_type(1, kind=kinds[0], hosts=(FIXED, BEN)))]

    assert said == [
        "One of these will see the client: Ada, Ben.",
        "All of these see the client together: Ada, Ben.",
        "",
        "",
    ]


def test_usual_and_recent_come_first_then_the_calendars(calcom: Sandbox, staff: User) -> None:
    calendar("Dr Ada", event_type(CONSULT, "Talk"), event_type(8, "Check"))
    calendar("Dr Ben", event_type(SHORT, "Talk"), event_type(9, "Talk"))
    put_ended(staff, event_type_id=SHORT)
    put_ended(staff, event_type_id=77)  # in no list
    Preferences.objects.create(user=staff, event_type_id=8)

    assert options(desk(staff).get(PATH)) == [
        ("Usual and recent", ["Check · 60 min · Dr Ada", "Talk · 60 min · Dr Ben"]),
        ("Dr Ada", ["Talk · 60 min", "Check · 60 min"]),
        ("Dr Ben", ["Talk · 60 min · #4", "Talk · 60 min · #9"]),
    ]


def test_recent_event_type_names_an_owner_who_is_the_calendar_once(
    calcom: Sandbox, staff: User
) -> None:
    calendar("Ada", event_type(CONSULT, "Talk", hosts=(ADA,)))
    calendar("Ben", event_type(SHORT, "Talk", hosts=(ADA,)))
    for number in (SHORT, CONSULT):
        put_ended(staff, event_type_id=number)

    name, recent = options(desk(staff).get(PATH))[0]

    assert name == "Usual and recent"
    assert recent == ["Talk · 60 min · Ada", "Talk · 60 min · Ada · Ben"]


def test_the_chosen_time_says_whose_it_is(calcom: Sandbox, staff: User) -> None:
    calendar("Dr Ada", event_type(CONSULT, "Talk"), colour="teal")
    calendar("Dr Ben", event_type(SHORT, "Talk"))

    html = markup(desk(staff).get(f"{PATH}&slot_start={day(0)}T10:00"))

    chosen_time = re.findall(r'<p class="chosen-time">.*?</p>', html, re.DOTALL)[0]
    assert re.findall(r'<span class="calendar hue-teal"[^>]*>([^<]*)<', chosen_time) == ["Dr Ada"]
    [beside_the_button] = re.findall(r"data-chosen>([^<]*)<", html)
    assert beside_the_button == f"{named(0)} 10:00–11:00 Talk Dr Ada"


def test_calendars_that_are_hidden_or_of_others_are_not_offered(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    calendar("Hidden", event_type(7), is_hidden=True)
    own = calendar("Own", event_type(CONSULT))
    calendar("Others", event_type(9))
    own.limited_people.add(staff)

    shown = [[name for name, _options in options(desk(user).get(PATH))] for user in (staff, admin)]

    assert shown == [["Own"], ["Own", "Others"]]


def test_paused_calendar_is_shown_but_not_to_be_chosen(calcom: Sandbox, staff: User) -> None:
    calendar("Own", event_type(CONSULT))
    calendar("Away", event_type(9), is_paused=True)

    page = markup(desk(staff).get(PATH))

    assert '<optgroup label="Away (paused)"><option value="9" disabled>' in page


def test_number_typed_by_hand_stays_possible(calcom: Sandbox, staff: User) -> None:
    calendar("Dr Ada", event_type(8))

    page = desk(staff).get(f"/holds/new?event_type_id={CONSULT}&day={day(0)}")

    assert f'<option value="{CONSULT}" selected>Consult 60 · 60 min' in markup(page)
    assert 'name="other_event_type_id"' in page.content.decode()


def test_page_with_12_calendars_and_60_types_is_small_and_takes_no_more_queries(
    calcom: Sandbox, staff: User
) -> None:
    browser = desk(staff)
    costs = []
    for numbers in (range(1), range(1, 12)):
        for number in numbers:
            first = CONSULT if number == 0 else 100 + number * 5
            kinds = [event_type(first + n, f"Appointment {n} of {number}") for n in range(5)]
            calendar(f"Dr Person {number}", *kinds)
        browser.get(PATH)
        with CaptureQueriesContext(connection) as caught:
            page = browser.get(PATH, headers={"Accept-Encoding": "identity"})
        costs.append((len(caught), len(gzip.compress(page.content, 6))))
    [(few, _small), (many, size)] = costs
    assert page.content.decode().count("Appointment") == 120  # in the picker and in the form
    assert (few, many, size <= LARGEST) == (few, few + 1, True), size


def test_usual_appointment_is_compared() -> None:
    short, talk = event_type(SHORT, "Short"), event_type(CONSULT, "Talk")
    calendars = [Calendar(), Calendar()]
    calendars[0].event_types, calendars[1].event_types = (talk, short), (event_type(9, "Talk"),)

    found = chosen(FirstFreeForm(QueryDict(), calendars), calendars, [None, short])

    assert [each.event_type.id for each in found] == [SHORT, 9]


def test_form_leads_to_the_appointment_chosen_there(calcom: Sandbox, staff: User) -> None:
    """Lead to Talk, which two calendars have, and not to Short."""
    calendar("Dr Ada", event_type(CONSULT, "Talk"), event_type(SHORT, "Short"))
    calendar("Dr Ben", event_type(VARIABLE, "Talk"))
    browser = desk(staff)
    found = {}
    for number in (CONSULT, SHORT):
        form = browser.get(f"/holds/new?event_type_id={number}").content.decode()
        [url] = re.findall(r'href="(/holds/first[^"]*)" data-keeps-form>', form)
        page = browser.get(f"{url}&day={day(0)}")
        found[number] = page.context["form"]["title"].value()
    assert found == {CONSULT: "Talk", SHORT: ""}
