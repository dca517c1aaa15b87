"""Fill the form of a new hold from an earlier one, with no client's name in an address."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds import verbs
from tests.holds.factories import put
from tests.holds.verbs import CONSULT, MONDAY
from tests.pages.desk import desk, markup, wish


def addresses(page: HttpResponse) -> str:
    return " ".join(re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', markup(page))).lower()


@pytest.mark.parametrize("link", ["/?tab=ended", "/holds/{pk}/"])
def test_hold_again_fills_the_form(
    calcom: Sandbox, staff: User, colleague: User, link: str
) -> None:
    hold = verbs.place(staff, event_type=verbs.VARIABLE, slot_duration=45)
    verbs.release(staff, hold)
    browser = desk(colleague)

    page = markup(browser.get(link.format(pk=hold.pk)))
    [address] = re.findall(r'<a class="button (?:small|wide)" href="([^"]+)">Hold again', page)
    form = browser.get(address).context["form"]

    assert address == f"/holds/new?again={hold.pk}"
    values = {name: form[name].value() for name in form.fields}
    assert (values["event_type_id"], values["slot_duration"]) == (verbs.VARIABLE, 45)
    assert (values["client_name"], values["client_contact"], values["note"]) == (
        "Grace",
        "grace@example.test",
        "called at nine",
    )
    assert values["slot_start"] == MONDAY


def test_past_slot_is_not_filled_in(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    yesterday = timezone.now() - timedelta(days=1)
    Hold.objects.filter(pk=hold.pk).update(slot_start=yesterday, state="expired")

    form = desk(staff).get(f"/holds/new?again={hold.pk}").context["form"]

    assert (form["slot_start"].value(), form["client_name"].value()) == (None, "Grace")


def test_missing_hold_fills_nothing(browser: Client) -> None:
    for again in ("0", "999999", "x", "-1", "9" * 40, "１２", ""):
        answer = browser.get("/holds/new", {"again": again})
        filled = answer.context["form"]["client_name"].value()
        assert (answer.status_code, filled) == (200, None), again


def test_filled_form_names_the_client_in_no_address(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    verbs.release(staff, hold)

    page = desk(staff).get(f"/holds/new?again={hold.pk}&day={day(7)}")

    times = re.findall(r'class="time" href="([^"]*)"', markup(page))
    assert times
    assert [address for address in times if f"again={hold.pk}" not in address] == []
    assert "grace" not in addresses(page)


def test_refused_form_names_the_client_in_no_address(browser: Client, calcom: Sandbox) -> None:
    calcom.insert_reservation(CONSULT, MONDAY)

    refused = browser.post("/holds/new", wish(client_name="Hedy", client_contact="+39 06"))

    assert refused.status_code == 409
    assert "hedy" not in addresses(refused)
    assert "39" not in addresses(refused)


@pytest.mark.parametrize(
    ("typed", "is_open"),
    [({}, False), ({"other_event_type_id": "9"}, True), ({"slot_start": "at ten"}, True)],
)
def test_fields_of_a_time_open_only_where_one_was_filled(
    browser: Client, calcom: Sandbox, typed: dict[str, str], *, is_open: bool
) -> None:
    refused = browser.post("/holds/new", wish(slot_start="") | typed)
    chosen = markup(refused).partition('id="chosen"')[2].partition("</details>")[0]
    assert refused.status_code == 422
    assert bool(re.search(r"<details\s+open", chosen)) == is_open
    assert ("<li>Choose a free time, or enter one.</li>" in chosen.partition("<details")[0]) == (
        not typed
    )


def test_known_clients_are_offered(staff: User) -> None:
    put(staff, client_name="<Łukasz> Żak", client_contact='"x"@example.test')
    browser = desk(staff)
    assert markup(browser.get("/clients")) == " "
    with CaptureQueriesContext(connection) as caught:
        answer = browser.get("/clients", headers={"Holdfast-Find": "lukasz%20%C5%BCak%00"})
    assert markup(answer) == (
        '<li id="client_1" role="option" translate="no" data-name="&lt;Łukasz&gt; Żak"'
        ' data-contact="&quot;x&quot;@example.test">'
        '<bdi>&lt;Łukasz&gt; Żak</bdi><bdi class="soft">&quot;x&quot;@example.test</bdi></li>'
    )
    assert len(caught) == 4


class TestMinutes:
    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ({"minutes": "30"}, 30),
            ({"minutes": "30", "reservation_duration": "20"}, 20),
            ({"reservation_duration": "20"}, 20),
            ({}, 15),
        ],
    )
    def test_a_number_counts_more_than_a_choice(
        self, calcom: Sandbox, staff: User, typed: dict[str, str], expected: int
    ) -> None:
        data = {name: value for name, value in wish().items() if name != "reservation_duration"}
        answer = desk(staff).post("/holds/new", data | typed)
        assert answer.status_code == 303
        assert Hold.objects.get().reservation_duration == expected

    def test_only_what_the_office_allows_is_offered(
        self, calcom: Sandbox, staff: User, settings: pytest.FixtureRequest
    ) -> None:
        settings.HOLD_MINUTES_MAX = 30
        form = desk(staff).get("/holds/new").context["form"]
        assert [radio.choice_label for radio in form["minutes"]] == [5, 15, 30]
        assert (form["minutes"].value(), form["reservation_duration"].value()) == (15, None)


def test_minutes_are_chips(calcom: Sandbox, staff: User) -> None:
    """Put each label right after its input, where the stylesheet can show what is checked."""
    page = markup(desk(staff).get("/holds/new"))

    [chips] = re.findall(r'<div class="chips">(.*?)</div>', page, re.DOTALL)
    inputs = re.findall(
        r'<input type="radio"[^>]* id="([^"]+)"[^>]*>\s*<label for="([^"]+)">', chips
    )
    assert [first for first, _ in inputs] == [second for _, second in inputs]
    assert len(inputs) == len(re.findall("<input", chips)) == 4


def test_the_browser_keeps_nothing_about_the_client(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    pages = ["/holds/new", f"/holds/{hold.pk}/", f"/release?hold={hold.pk}"]
    found = [
        field
        for page in pages
        for field in re.findall("<input[^>]*>", desk(staff).get(page).content.decode())
        if re.search('name="(client_(name|contact)|note)"', field)
    ]
    assert len(found) == 8
    assert [field for field in found if 'autocomplete="off"' not in field] == []
    names = [field for field in found if 'name="client_' in field]
    assert [field for field in names if 'spellcheck="false"' not in field] == []
