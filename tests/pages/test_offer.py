"""Pages of an offer: adding times for one client, and the times side by side."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import offers
from dashboard.holds.client_change import change_client
from dashboard.holds.models import Hold, Offer
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.offers import HEADERS, offered
from tests.holds.verbs import MONDAY
from tests.pages.desk import ask, desk, markup

HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract


def test_next_time_is_for_the_same_client(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    first = verbs.place(staff)

    led = browser.post("/offers/new", {"hold": first.pk})
    page = browser.get(led["Location"])
    placed = ask(
        browser,
        offer=Offer.objects.get().pk,
        slot_start=verbs.LATER.isoformat(),
        client_name="another client",
        note="the later one",
    )

    offer = Offer.objects.get()
    assert (led.status_code, led["Location"]) == (303, f"/holds/new?offer={offer.pk}")
    form = page.context["form"]
    assert (form["client_name"].value(), form["client_contact"].value()) == (
        "Grace",
        "grace@example.test",
    )
    assert form["event_type_id"].value() == first.event_type_id
    assert placed.status_code == 303
    second = Hold.objects.get(slot_start=verbs.LATER)
    assert (second.offer_id, second.client_name, second.client_contact, second.note) == (
        offer.pk,
        "Grace",
        "grace@example.test",
        "the later one",
    )
    assert list(offers.holds_of(offer.pk)) == [first, second]
    intent = AuditEntry.objects.get(action="place", kind="intent", hold=second)
    assert intent.asked["offer"] == offer.pk


def test_client_is_that_of_the_times_that_stand(calcom: Sandbox, staff: User) -> None:
    """Two times, the first and the last, have ended with the client of then."""
    pk, [first, second, third] = offered(staff, 3)
    for ended in (first, third):
        verbs.release(staff, ended)
    client = {"client_name": "Hedy", "client_contact": "+39 06 123", "note": ""}
    change_client(hold_id=second.pk, by=acting(staff), now=timezone.now(), **client)
    browser = desk(staff)

    page, form = browser.get(f"/offers/{pk}/"), browser.get(f"/holds/new?offer={pk}")
    ask(browser, offer=pk, slot_start=(MONDAY + timedelta(days=1)).isoformat())

    offer, fields = page.context["offer"], form.context["form"]
    assert [offer[name] for name in ("client", "contact", "contact_link")] == [
        "Hedy",
        "+39 06 123",
        "tel:+3906123",
    ]
    shown = {name: fields[name].value() for name in client if name != "note"}
    assert shown == {"client_name": "Hedy", "client_contact": "+39 06 123"}
    assert Hold.objects.latest("pk").client_name == "Hedy"


def test_the_note_is_the_first_field_to_type_into(calcom: Sandbox, staff: User) -> None:
    pk, _holds = offered(staff, 2)
    chosen = (MONDAY + timedelta(weeks=1)).isoformat()

    html = markup(desk(staff).get("/holds/new", {"offer": pk, "slot_start": chosen}))

    focused = re.findall(r"<input[^>]* autofocus[^>]*>", html)
    assert [re.findall('name="([^"]*)"', each) for each in focused] == [["note"]]


def test_picker_opens_on_the_day_of_the_first(calcom: Sandbox, staff: User) -> None:
    far = MONDAY + timedelta(weeks=2)
    first = verbs.place(staff, start=far)
    browser = desk(staff)

    led = browser.post("/offers/new", {"hold": first.pk})
    grid = browser.get(led["Location"]).context["picker"].grid
    asked = browser.get(f"{led['Location']}&day={MONDAY:%Y-%m-%d}").context["picker"].grid

    assert [str(day) for day in grid.dates] == [f"{far:%Y-%m-%d}"]
    assert [str(day) for day in asked.dates] == [f"{MONDAY:%Y-%m-%d}"]


@HEADERS
def test_placing_can_continue_with_another_time(calcom: Sandbox, staff: User, headers: Any) -> None:
    browser = desk(staff)
    wish = {
        "event_type_id": 1,
        "slot_start": MONDAY.isoformat(),
        "client_name": "Grace",
        "then": "offer",
    }

    answer = browser.post("/holds/new", wish, headers=headers)

    offer = Offer.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/holds/new?offer={offer.pk}")
    assert Hold.objects.get().offer == offer
    assert "is held until" in markup(browser.get(answer["Location"], headers=headers))


def test_page_names_the_client_in_no_address(calcom: Sandbox, staff: User) -> None:
    offer, _holds = offered(staff, 2)

    page = markup(desk(staff).get(f"/holds/new?offer={offer}"))

    addresses = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', page)
    assert [address for address in addresses if "race" in address] == []
    assert 'name="client_name" value="Grace"' in page


def test_refused_time_is_not_in_the_offer(calcom: Sandbox, staff: User) -> None:
    offer, holds = offered(staff, 2)
    taken = MONDAY + timedelta(weeks=1)
    calcom.insert_reservation(verbs.CONSULT, taken)

    answer = ask(desk(staff), offer=offer, slot_start=taken.isoformat())

    assert answer.status_code == 409
    assert f'name="offer" value="{offer}"' in markup(answer)
    assert list(offers.holds_of(offer)) == holds


def test_colleague_cannot_add_a_time(calcom: Sandbox, staff: User, colleague: User) -> None:
    offer, _holds = offered(staff, 2)

    answer = ask(desk(colleague), offer=offer, slot_start=MONDAY + timedelta(weeks=1))

    assert answer.status_code == 403
    assert offers.open_holds_of(offer).count() == 2


@pytest.mark.parametrize("offer", ["999", "x", "-1", "9" * 30])
def test_missing_offer_is_refused(calcom: Sandbox, staff: User, offer: str) -> None:
    answer = ask(desk(staff), offer=offer)

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["offer"])
    assert calcom.calls("POST") == []


@pytest.mark.parametrize("hold", ["", "x", "999", "9" * 30])
def test_missing_hold_is_a_404(calcom: Sandbox, staff: User, hold: str) -> None:
    assert desk(staff).post("/offers/new", {"hold": hold}).status_code == 404


def test_ended_hold_is_a_409(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    verbs.release(staff, hold)

    assert desk(staff).post("/offers/new", {"hold": hold.pk}).status_code == 409
    assert Offer.objects.count() == 0


class TestShown:
    def test_offer_page_lists_its_times(
        self, calcom: Sandbox, staff: User, colleague: User
    ) -> None:
        offer, holds = offered(staff)
        verbs.release(staff, holds[1])

        page = desk(staff).get(f"/offers/{offer}/")
        theirs = markup(desk(colleague).get(f"/offers/{offer}/"))

        assert [(row.pk, row.can_change) for row in page.context["rows"]] == [
            (holds[0].pk, True),
            (holds[1].pk, False),
            (holds[2].pk, True),
        ]
        text = markup(page)
        assert text.count("They chose this one") == 2
        assert f'href="/holds/new?offer={offer}"' in text
        assert "They chose this one" not in theirs
        assert "Grace" in theirs

    def test_hold_and_board_show_the_badge(self, calcom: Sandbox, staff: User) -> None:
        offer, holds = offered(staff)
        alone = verbs.place(staff, start=MONDAY + timedelta(weeks=1))
        browser = desk(staff)

        board = markup(browser.get("/"))

        tag = re.compile(
            rf'<tr id="h(\d+)"(?:(?!<tr).)*href="/offers/{offer}/"[^>]*>([^<]*)<', re.S
        )
        assert tag.findall(board) == [
            (str(hold.pk), f"{number} of 3") for number, hold in enumerate(holds, start=1)
        ]
        assert "2 of 3" in markup(browser.get(f"/holds/{holds[1].pk}/"))
        assert "/offers/" not in markup(browser.get(f"/holds/{alone.pk}/")).replace(
            "/offers/new", ""
        )

    def test_badge_changes_when_another_time_ends(self, calcom: Sandbox, staff: User) -> None:
        _offer, holds = offered(staff)
        browser = desk(staff)
        before = browser.get("/board")
        verbs.release(staff, holds[0])

        after = browser.get("/board", headers={"If-None-Match": before["ETag"]})

        assert after.status_code == 200
        assert re.findall(r"\d of \d", markup(after)) == ["1 of 2", "2 of 2"]
        verbs.release(staff, holds[1])
        assert re.findall(r"\d of \d", markup(browser.get("/board"))) == []

    @pytest.mark.parametrize("address", ["/offers/999/", f"/offers/{2**70}/"])
    def test_missing_offer_has_no_page(self, calcom: Sandbox, staff: User, address: str) -> None:
        assert desk(staff).get(address).status_code == 404

    def test_queries_do_not_grow_with_the_offer(
        self, calcom: Sandbox, staff: User, django_assert_max_num_queries: Any
    ) -> None:
        small, _holds = offered(staff, 2)
        browser = desk(staff)
        browser.get(f"/offers/{small}/")
        with django_assert_max_num_queries(40) as two:
            browser.get(f"/offers/{small}/")
        count = len(two)
        for day in (1, 2, 3):
            verbs.place(staff, start=MONDAY + timedelta(weeks=day), offer=small)
        browser.get(f"/offers/{small}/")  # reads the register, which has changed, once

        with django_assert_max_num_queries(count):
            browser.get(f"/offers/{small}/")


def test_offer_tells_the_client_of_all_times(browser: Client, calcom: Sandbox, staff: User) -> None:
    pk, holds = offered(staff)

    [said] = re.findall(r'id="sentence"[^>]*>([^<]*)<', markup(browser.get(f"/offers/{pk}/")))

    assert said.count(", until ") == len(holds)
    for hold in holds:
        verbs.release(staff, hold)
    assert 'id="sentence"' not in markup(browser.get(f"/offers/{pk}/"))


def test_a_booked_time_says_that_others_are_still_held(
    browser: Client, calcom: Sandbox, staff: User
) -> None:
    pk, holds = offered(staff)

    def said(reason: str) -> str:
        path = f"/holds/{holds.pop().pk}/release"
        page = browser.post(path, {"reason": reason}, headers=HTMX)
        [message] = re.findall(r'id="messages".*?<p>(.*?)</p>', markup(page), re.DOTALL)
        return message

    link = f'<a href="/offers/{pk}/">Show</a>'
    assert "still held" not in said("client_chose_other")
    assert said("booked").endswith(f"</a>1 other time is still held for this client.{link}")
    assert "still held" not in said("booked")


def test_print_of_an_offer_names_the_holder(browser: Client, calcom: Sandbox, staff: User) -> None:
    """On paper "you" could be anyone."""
    pk, [hold, *_others] = offered(staff)
    named = f'<bdi class="print" translate="no">{staff}</bdi>'
    for page in (f"/offers/{pk}/", f"/release?hold={hold.pk}"):
        text = markup(browser.get(page))
        assert (page, named in text) == (page, True)
        assert (page, '<span class="screen">you</span>' in text) == (page, True)
