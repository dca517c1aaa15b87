"""What staff do with colleagues' holds and with several at once, in a real browser."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import ZONE, Office


def choose(desk: Desk, pks: list[int]) -> None:
    for pk in pks:
        desk.page.locator(f"#h{pk} [name=hold]").check()


class TestExtending:
    @pytest.mark.parametrize("scripts", [True], indirect=True)
    def test_the_button_keeps_the_focus_for_one_more(self, ada: Desk, office: Office) -> None:
        ada.place(office.free_time(), reservation_duration="20")
        for button in ("+5 min", "Verify with cal.com"):
            ada.page.get_by_role("button", name=button).press("Enter")
            expect(ada.page.locator(".messages.toast .notice")).to_be_visible()
            expect(ada.page.get_by_role("button", name=button)).to_be_focused()

    def test_a_hold_is_kept_until_a_time_of_the_clock(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time())
        until = (datetime.now(ZONE) + timedelta(minutes=50)).replace(second=0, microsecond=0)
        ada.page.get_by_text("Until a set time…").click()
        ada.look("hold-own-time")

        ada.fill(until=f"{until:%H:%M}")
        ada.press("Extend")

        ada.told(f"is held until {until:%H:%M}:")
        assert ada.hold == pk

    def test_a_time_before_its_end_is_refused_beside_it(self, ada: Desk, office: Office) -> None:
        ada.refusals.add(422)
        ada.place(office.free_time())
        ada.page.get_by_text("Until a set time…").click()
        ada.fill(until=f"{datetime.now(ZONE) + timedelta(minutes=5):%H:%M}")
        ada.press("Extend")

        ada.told("this would shorten it")
        field = ada.page.locator("#extend [name=until]")
        expect(field).to_have_attribute("aria-invalid", "true")
        ada.look("hold-until-refused")


class TestTakingOver:
    def test_an_admin_takes_over_and_the_former_holder_is_told(
        self, sit: Sit, office: Office
    ) -> None:
        ada, vera = sit("ada"), sit("vera")
        pk = ada.place(office.free_time())
        vera.page.goto(f"/holds/{pk}/")
        vera.page.get_by_text("Take over this hold from ada").click()
        vera.look("hold-take-over")

        vera.page.locator("#take-over").get_by_label("The holder is away").check()
        vera.page.locator("#take-over [name=note]").fill("she is with the doctor")
        vera.press("Take over")

        vera.told("You hold it now")
        vera.told("she is with the doctor")
        assert vera.hold == pk
        vera.look("hold-taken-over")
        ada.page.goto("/")
        ada.told("vera took over this hold from you at")
        ada.look("board-taken-over")
        ada.page.goto(f"/holds/{pk}/")
        ada.told("ada → vera")
        expect(ada.page.get_by_role("button", name="Take over")).to_have_count(0)


class TestReleasingSeveral:
    def test_the_chosen_ones_are_named_and_then_released(self, ada: Desk, office: Office) -> None:
        times = [office.free_time() for _ in range(3)]
        pks = [ada.place(at, client=f"Client {n}") for n, at in enumerate(times)]
        ada.page.goto("/")
        choose(ada, pks[:2])
        ada.press("Release selected")

        expect(ada.page.get_by_role("heading", level=1)).to_have_text("Release several holds")
        ada.told("Client 0")
        ada.told("Client 1")
        expect(ada.page.locator("main")).not_to_contain_text("Client 2")
        ada.look("release-several")
        assert [at in office.starts() for at in times] == [True, True, True]
        ada.page.get_by_label("Client hung up").check()
        ada.press("Release these times")

        expect(
            ada.page.locator("main").get_by_text("Released: the time is free again.")
        ).to_have_count(2)
        ada.look("released-several")
        assert [at in office.starts() for at in times] == [False, False, True]
        ada.page.get_by_role("link", name="Back to the board").click()
        expect(ada.page.locator(f"#h{pks[0]}")).to_have_count(0)
        expect(ada.page.locator(f"#h{pks[2]}")).to_be_visible()

    def test_one_that_fails_is_told_in_its_row(self, ada: Desk, office: Office) -> None:
        pks = [ada.place(office.free_time()) for _ in range(2)]
        ada.page.goto("/")
        choose(ada, pks)
        ada.press("Release selected")
        office.calcom.faults.add("drop", when="before", method="DELETE", skip=1, count=None)
        ada.press("Release these times")

        ada.told("Unknown until")
        tags = ada.page.locator(".attention .tag")
        expect(tags).to_have_text(["done", "unknown"])
        ada.look("released-partly")

    def test_nobody_chosen_stays_on_the_board(self, ada: Desk, office: Office) -> None:
        ada.place(office.free_time())
        ada.page.goto("/")
        ada.press("Release selected")
        ada.told("No hold was chosen.")
        assert ada.path == "/"


class TestOffering:
    def test_two_times_are_offered_and_one_is_kept(self, ada: Desk, office: Office) -> None:
        first, second = office.free_time(), office.free_time()
        one = ada.place(first, client="Emmy Noether")
        ada.press("Add another option")
        ada.page.wait_for_url(re.compile(r"/holds/new\?offer=\d+"))
        expect(ada.field("client_name")).to_have_value("Emmy Noether")
        expect(ada.field("client_name")).not_to_be_editable()
        ada.look("place-offer")
        offer = int(ada.path.split("offer=")[1].split("&")[0])

        ada.type_time(second)
        ada.press("Hold this time")
        two = ada.hold
        ada.told("2 of 2 times offered")
        ada.look("hold-of-offer")
        ada.page.goto("/")
        expect(ada.page.locator(f"#h{one}")).to_contain_text("1 of 2")
        ada.look("board-offer")
        ada.page.locator(f"#h{one} a", has_text="1 of 2").click()
        ada.page.wait_for_url(f"**/offers/{offer}/")
        ada.told("Times offered to Emmy Noether")
        ada.look("offer")

        ada.page.locator(f"button[name=hold][value='{two}']").click()

        ada.told("1 other released.")
        assert ada.hold == two
        assert (first in office.starts(), second in office.starts()) == (False, True)
        ada.page.goto(f"/offers/{offer}/")
        ada.look("offer-decided")
        ada.page.goto(f"/holds/{one}/")
        ada.told("the client chose another time of the offer")

    def test_one_that_is_lost_keeps_the_rest(self, ada: Desk, office: Office) -> None:
        ada.refusals.add(409)
        first, second = office.free_time(), office.free_time()
        one = ada.place(first)
        ada.press("Add another option")
        ada.page.wait_for_url(re.compile(r"/holds/new\?offer=\d+"))
        ada.type_time(second)
        ada.press("Hold this time")
        ada.page.locator("a.tag").click()
        [uid] = [row.uid for row in office.calcom.live_rows() if row.start == first]
        office.calcom.remove_holds(uid)

        ada.page.locator(f"button[name=hold][value='{one}']").click()

        ada.told("This hold has already ended: gone.")
        ada.look("offer-lost")
        assert second in office.starts()


class TestPassingOn:
    def test_the_sentence_for_the_client_is_copied(self, ada: Desk, office: Office) -> None:
        at = office.free_time()
        ada.place(at)
        sentence = ada.page.locator("#sentence")
        expect(sentence).to_contain_text(f"{at:%A} {at.day} {at:%B} {at.year}, 17:00–18:00")
        if not ada.scripts:
            expect(ada.page.get_by_role("button", name="Copy the sentence")).to_be_hidden()
            return
        ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        ada.press("Copy the sentence")
        ada.told("Copied.")
        assert ada.page.evaluate("navigator.clipboard.readText()") == sentence.inner_text()

    def test_it_says_the_clients_own_time_too(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time())
        ada.page.get_by_text("Add the client’s time zone").click()
        ada.fill(client_zone="new york")
        ada.page.locator("section[aria-labelledby=for-client]").get_by_role(
            "button", name="Show"
        ).click()
        ada.told("In your time zone (America/New York)")
        ada.look("hold-for-client")
        ada.page.goto(f"/holds/{pk}/")
        ada.told("In your time zone (America/New York)")

    def test_what_has_ended_is_held_again(self, ada: Desk, office: Office) -> None:
        at = office.free_time()
        old = ada.place(at, client="Maria Mayer", note="prefers the afternoon")
        ada.press("Release this time")
        ada.told("Released: the time is free again.")
        ada.page.get_by_role("link", name="Hold again").click()
        expect(ada.field("client_name")).to_have_value("Maria Mayer")
        ada.press("Hold this time")
        ada.told("prefers the afternoon")
        assert ada.hold != old
        assert at in office.starts()
