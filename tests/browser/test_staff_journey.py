"""A day of staff, partly with scripts and the same without."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.product import Product, typed
from tests.browser.user import OpenBrowser, User, in_both_ways


class TestSignIn:
    def test_leads_to_the_page_that_was_asked_for(self, open_browser: OpenBrowser) -> None:
        user = open_browser("ada", is_signed_in=False)
        user.page.goto("/holds/new")
        user.expect_path("/accounts/login/?next=/holds/new")
        user.check_page("sign-in")
        user.sign_in()
        expect(user.page).to_have_url(re.compile("/holds/new$"))
        user.expect_heading("Hold a time")


class TestPlace:
    def test_a_new_hold_appears_on_the_board(self, ada: User, product: Product) -> None:
        at = product.free_time()
        ada.page.goto("/holds/new")
        ada.check_page("place")
        ada.type_time(at)
        ada.fill(client_name="Hedy Lamarr", client_contact="+39 06 123", note="rang at noon")
        ada.press("Hold this time")
        pk = ada.hold_id
        ada.expect_text("Hedy Lamarr")
        ada.expect_text("rang at noon")
        ada.check_page("hold")
        ada.page.get_by_role("link", name="Board", exact=True).first.click()
        row = ada.page.locator(f"#h{pk}")
        expect(row).to_contain_text("16:00–17:00")
        expect(row).to_contain_text("you")
        ada.check_page("board")
        assert at in product.starts()

    def test_a_rate_limit_shows_the_seconds_to_wait(self, ada: User, product: Product) -> None:
        ada.refusals.add(503)
        product.calcom.faults.add("429", method="POST", seconds=2)
        ada.page.goto("/holds/new")
        ada.type_time(product.free_time())
        ada.fill(client_name="Hedy Lamarr")
        ada.press("Hold this time")
        ada.expect_text("cal.com allows no more requests for the moment.")
        expect(ada.field("client_name")).to_have_value("Hedy Lamarr")
        ada.check_variant("place-unavailable")
        expect(ada.page.locator("#status")).to_contain_text("You can try again now.")
        expect(ada.page.get_by_role("timer")).to_have_text("You can try again now.")
        ada.press("Hold this time")
        assert ada.hold_id

    def test_the_back_button_returns_to_the_form(self, ada: User, product: Product) -> None:
        pk = ada.place_by_form(product.free_time())
        ada.press("+5 min")
        ada.expect_text("is held until")
        ada.page.route("**/*.js", lambda _script: None)  # a slow line
        ada.page.evaluate("history.back()")
        ada.expect_heading("Hold a time")
        ada.expect_path("/holds/new")
        ada.page.evaluate("history.forward()")
        ada.expect_path(f"/holds/{pk}/")
        ada.page.unroute("**/*.js")
        ada.expect_text("Hedy Lamarr")
        assert ada.hold_id == pk


class TestCheck:
    def test_a_hold_that_cal_com_no_longer_has(self, ada: User, product: Product) -> None:
        ada.place()
        product.calcom.remove_reservations()
        ada.press("Verify with cal.com")
        ada.expect_text("cal.com no longer has this hold")
        ada.check_page("hold-gone")
        ada.page.goto("/")
        ada.expect_text("Needs attention")
        ada.check_page("board-attention")
        product.reset()  # leaves nothing of this test on the boards of others
        ada.page.reload()
        ada.expect_text("Nothing is held at the moment.")


class TestMove:
    @in_both_ways
    def test_shows_from_and_to_before_anything_moves(self, ada: User, product: Product) -> None:
        old, new = product.free_time(), product.free_time()
        pk = ada.place(old)
        ada.page.get_by_role("link", name="Move to another time").click()
        ada.expect_heading("Move a hold")
        ada.check_page("move")
        ada.page.get_by_text("Or enter it manually").click()
        ada.fill(slot_start=typed(new))
        ada.press("Preview the move")
        ada.expect_text(f"{new:%a} {new.day} {new:%b}")
        ada.check_page("move-preview")
        assert product.starts() == [old]
        ada.press("Move it")
        ada.expect_text("Moved:")
        assert ada.hold_id == pk
        assert product.starts() == [new]


class TestRelease:
    @in_both_ways
    def test_keeps_the_reason(self, ada: User, product: Product) -> None:
        pk = ada.place()
        ada.page.get_by_label("Client hung up").check()
        ada.fill(note="will call again")
        ada.press("Release this time")
        ada.expect_text("Released: cal.com no longer keeps this hold.")
        ada.expect_text("Client hung up")
        ada.expect_text("will call again")
        assert ada.hold_id == pk
        assert product.starts() == []
        ada.check_variant("hold-released")
        ada.page.goto("/")
        expect(ada.page.locator(f"#h{pk}")).to_have_count(0)


class TestLookUp:
    def test_an_unknown_reservation_is_added_to_the_board(
        self, ada: User, product: Product
    ) -> None:
        uid = product.calcom.insert_reservation(1, product.free_time(), minutes=40).uid
        ada.page.goto("/look-up")
        ada.fill(uid=uid)
        ada.press("Look up")
        ada.expect_text("cal.com holds this time")
        expect(ada.page.locator("#found")).to_be_focused()
        ada.check_page("look-up-found")
        ada.fill(client_name="Emmy Noether")
        ada.press("Add to board")
        pk = ada.hold_id
        ada.expect_text("Emmy Noether")
        ada.page.goto("/look-up")
        ada.fill(uid=uid)
        ada.press("Look up")
        assert ada.hold_id == pk
