"""Several times for one client: placed one by one, and shown side by side."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import offers
from dashboard.holds.models import Hold, Offer
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import MONDAY
from tests.holds.concurrency import at_once
from tests.holds.desk import ask, desk
from tests.holds.offering import HEADERS, offered

pytestmark = pytest.mark.django_db(transaction=True)


class TestMakingAnOffer:
    def test_a_second_time_is_for_the_same_client(self, calcom: Sandbox, staff: User) -> None:
        browser = desk(staff)
        first = cast.place(staff)

        led = browser.post("/offers/new", {"hold": first.pk})
        page = browser.get(led["Location"])
        placed = ask(
            browser,
            offer=Offer.objects.get().pk,
            slot_start=cast.LATER.isoformat(),
            client_name="somebody else",
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
        second = Hold.objects.get(slot_start=cast.LATER)
        assert (second.offer_id, second.client_name, second.client_contact, second.note) == (
            offer.pk,
            "Grace",
            "grace@example.test",
            "the later one",
        )
        assert list(offers.of(offer.pk)) == [first, second]
        intent = AuditEntry.objects.get(action="place", kind="intent", hold=second)
        assert intent.asked["offer"] == offer.pk

    def test_another_time_is_looked_for_from_the_day_of_the_first(
        self, calcom: Sandbox, staff: User
    ) -> None:
        far = MONDAY + timedelta(weeks=2)
        first = cast.place(staff, start=far)
        browser = desk(staff)

        led = browser.post("/offers/new", {"hold": first.pk})
        picker = browser.get(led["Location"]).context["choosing"].picker
        asked = browser.get(f"{led['Location']}&day={MONDAY:%Y-%m-%d}").context["choosing"].picker

        assert [day.iso for day in picker.days] == [f"{far:%Y-%m-%d}"]
        assert [day.iso for day in asked.days] == [f"{MONDAY:%Y-%m-%d}"]

    @HEADERS
    def test_placing_can_lead_on_to_another_time(
        self, calcom: Sandbox, staff: User, headers: Any
    ) -> None:
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

    def test_asking_twice_makes_one_offer(self, calcom: Sandbox, staff: User) -> None:
        hold = cast.place(staff)

        ends = at_once(
            *[
                lambda: offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())
                for _ in range(2)
            ]
        )

        assert ends == [Offer.objects.get()] * 2

    def test_the_page_names_nobody_in_its_address(self, calcom: Sandbox, staff: User) -> None:
        offer, _holds = offered(staff, 2)

        page = desk(staff).get(f"/holds/new?offer={offer}").content.decode()

        addresses = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', page)
        assert [address for address in addresses if "race" in address] == []
        assert 'name="client_name" value="Grace"' in page

    def test_five_are_the_most(self, calcom: Sandbox, staff: User) -> None:
        offer, _holds = offered(staff, offers.MOST)
        sixth = MONDAY + timedelta(weeks=1)

        with pytest.raises(HoldError) as full:
            cast.place(staff, start=sixth, offer=offer)

        assert (full.value.cause, full.value.status) == ("offer_is_full", 409)
        assert Hold.objects.filter(slot_start=sixth).count() == 0
        assert len(calcom.calls("POST")) == offers.MOST

    def test_two_who_add_the_fifth_at_once_do_not_make_six(
        self, calcom: Sandbox, staff: User, admin: User
    ) -> None:
        offer, _holds = offered(staff, offers.MOST - 1)

        ends = at_once(
            lambda: cast.place(staff, start=MONDAY + timedelta(weeks=1), offer=offer),
            lambda: cast.place(admin, start=MONDAY + timedelta(weeks=2), offer=offer),
        )

        assert [getattr(end, "cause", "placed") for end in ends].count("placed") == 1
        assert offers.still_open(offer).count() == offers.MOST

    def test_a_refused_time_is_not_one_of_the_offer(self, calcom: Sandbox, staff: User) -> None:
        offer, holds = offered(staff, 2)
        taken = MONDAY + timedelta(weeks=1)
        calcom.insert_hold(cast.CONSULT, taken)

        answer = ask(desk(staff), offer=offer, slot_start=taken.isoformat())

        assert answer.status_code == 409
        assert f'name="offer" value="{offer}"' in answer.content.decode()
        assert list(offers.of(offer)) == holds

    def test_a_stranger_to_the_offer_adds_nothing(
        self, calcom: Sandbox, staff: User, colleague: User
    ) -> None:
        offer, _holds = offered(staff, 2)

        answer = ask(desk(colleague), offer=offer, slot_start=MONDAY + timedelta(weeks=1))

        assert answer.status_code == 403
        assert offers.still_open(offer).count() == 2

    @pytest.mark.parametrize("offer", ["999", "x", "-1", "9" * 30])
    def test_an_offer_that_does_not_exist_is_refused(
        self, calcom: Sandbox, staff: User, offer: str
    ) -> None:
        answer = ask(desk(staff), offer=offer)

        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["offer"])
        assert calcom.calls("POST") == []

    @pytest.mark.parametrize("hold", ["", "x", "999", "9" * 30])
    def test_no_hold_begins_no_offer(self, calcom: Sandbox, staff: User, hold: str) -> None:
        assert desk(staff).post("/offers/new", {"hold": hold}).status_code == 404

    def test_what_has_ended_begins_no_offer(self, calcom: Sandbox, staff: User) -> None:
        hold = cast.place(staff)
        cast.release(staff, hold)

        assert desk(staff).post("/offers/new", {"hold": hold.pk}).status_code == 409
        assert Offer.objects.count() == 0


class TestWhatIsShown:
    def test_the_page_of_an_offer_lists_its_times(
        self, calcom: Sandbox, staff: User, colleague: User
    ) -> None:
        offer, holds = offered(staff)
        cast.release(staff, holds[1])

        page = desk(staff).get(f"/offers/{offer}/")
        theirs = desk(colleague).get(f"/offers/{offer}/").content.decode()

        assert [(row.pk, row.acts) for row in page.context["rows"]] == [
            (holds[0].pk, True),
            (holds[1].pk, False),
            (holds[2].pk, True),
        ]
        text = page.content.decode()
        assert text.count("They chose this one") == 2
        assert f'href="/holds/new?offer={offer}"' in text
        assert "They chose this one" not in theirs
        assert "Grace" in theirs

    def test_hold_and_board_say_that_it_is_one_of_several(
        self, calcom: Sandbox, staff: User
    ) -> None:
        offer, holds = offered(staff)
        alone = cast.place(staff, start=MONDAY + timedelta(weeks=1))
        browser = desk(staff)

        board = browser.get("/").content.decode()

        tag = re.compile(
            rf'<tr id="h(\d+)"(?:(?!<tr).)*href="/offers/{offer}/"[^>]*>([^<]*)<', re.S
        )
        assert tag.findall(board) == [
            (str(hold.pk), f"{number} of 3") for number, hold in enumerate(holds, start=1)
        ]
        assert "2 of 3" in browser.get(f"/holds/{holds[1].pk}/").content.decode()
        assert "/offers/" not in browser.get(f"/holds/{alone.pk}/").content.decode().replace(
            "/offers/new", ""
        )

    def test_the_board_tells_when_another_of_the_offer_has_ended(
        self, calcom: Sandbox, staff: User
    ) -> None:
        _offer, holds = offered(staff)
        browser = desk(staff)
        before = browser.get("/board")
        cast.release(staff, holds[0])

        after = browser.get("/board", headers={"If-None-Match": before["ETag"]})

        assert after.status_code == 200
        assert re.findall(r"\d of \d", after.content.decode()) == ["1 of 2", "2 of 2"]
        cast.release(staff, holds[1])
        assert re.findall(r"\d of \d", browser.get("/board").content.decode()) == []

    @pytest.mark.parametrize("address", ["/offers/999/", f"/offers/{2**70}/"])
    def test_there_is_no_page_of_no_offer(self, calcom: Sandbox, staff: User, address: str) -> None:
        assert desk(staff).get(address).status_code == 404

    def test_the_number_of_queries_does_not_grow_with_the_offer(
        self, calcom: Sandbox, staff: User, django_assert_max_num_queries: Any
    ) -> None:
        small, _holds = offered(staff, 2)
        browser = desk(staff)
        browser.get(f"/offers/{small}/")
        with django_assert_max_num_queries(40) as two:
            browser.get(f"/offers/{small}/")
        for day in (1, 2, 3):
            cast.place(staff, start=MONDAY + timedelta(weeks=day), offer=small)

        with django_assert_max_num_queries(len(two)):
            browser.get(f"/offers/{small}/")
