"""Extending, taking over, releasing several holds, offering, and passing a time on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from playwright.sync_api import Route, expect

from tests.browser.product import CONSULT_60, ZONE, Product
from tests.browser.user import User, in_both_ways


def select(user: User, pks: list[int]) -> None:
    for pk in pks:
        user.page.locator(f"#h{pk} [name=hold]").check()


def press_for_selected(user: User, button: str) -> None:
    """Press a button that says how many holds are selected."""
    user.page.locator("#live").get_by_role("button", name=re.compile(f"^{button}")).click()


def test_placing_takes_one_request(ada: User, product: Product) -> None:
    asked: list[tuple[str, str]] = []
    ada.page.on("request", lambda sent: asked.append((sent.method, urlsplit(sent.url).path)))

    pk = ada.place_by_form(product.free_time())

    ada.expect_text("Hedy Lamarr")
    pages = [each for each in asked if re.fullmatch(r"/holds/(new|\d+/)", each[1])]
    assert pages == [("GET", "/holds/new"), ("POST", "/holds/new")]
    ada.page.go_back()
    expect(ada.page.locator("#place")).to_be_visible()
    ada.page.wait_for_load_state()  # without its script the page does not go forward
    ada.page.go_forward()
    ada.expect_text("Hedy Lamarr")
    assert ada.hold_id == pk


def test_enter_in_the_last_field_does_not_lead_into_the_release(
    ada: User, product: Product
) -> None:
    """Both forms have a note, and Enter in that of the release gives the time back."""
    at = f"{product.free_time():%Y-%m-%dT%H:%M}"
    ada.page.goto(f"/holds/new?event_type_id={CONSULT_60}&slot_start={at}")
    ada.field("note").press_sequentially("rings back")
    ada.page.keyboard.press("Enter")
    pk = ada.hold_id
    expect(ada.page.locator("#main")).to_be_focused()
    expect(ada.page.locator("#release [name=note]")).to_have_value("")
    ada.page.goto("/look-up")
    uid = product.calcom.insert_reservation(1, product.free_time(), minutes=40).uid
    ada.fill(uid=uid)
    ada.page.keyboard.press("Enter")
    ada.field("note").press_sequentially("rings back")
    ada.page.keyboard.press("Enter")
    assert ada.hold_id != pk
    expect(ada.page.locator("#main")).to_be_focused()


class TestExtend:
    def test_the_button_keeps_the_focus(self, ada: User) -> None:
        ada.place(reservation_duration="20")
        for button in ("+5 min", "Verify with cal.com"):
            ada.page.get_by_role("button", name=button).press("Enter")
            expect(ada.page.locator(".messages.toast .notice")).to_be_visible()
            expect(ada.page.get_by_role("button", name=button)).to_be_focused()

    def test_a_form_that_is_folded_in_again_gives_the_focus_to_its_summary(self, ada: User) -> None:
        ada.place(client_name="Hedy Lamar")
        edit = ada.page.locator("#client summary")
        edit.press("Enter")
        ada.page.locator("#client [name=client_name]").fill("Hedy Lamarr")
        ada.page.keyboard.press("Enter")
        ada.expect_text("Saved:")
        expect(edit).to_be_focused()
        until = ada.page.locator("#until summary")
        until.press("Enter")
        ada.field("reservation_duration").fill("40")
        ada.page.keyboard.press("Enter")
        ada.expect_text("is held until")
        expect(until).to_be_focused()

    def test_an_end_before_the_present_one_is_refused_beside_it(self, ada: User) -> None:
        ada.refusals.add(422)
        pk = ada.place()
        wrong = {
            "until": f"{datetime.now(ZONE) + timedelta(minutes=5):%H:%M}",
            "reservation_duration": "5",
        }
        ada.page.get_by_text("Until a set time…").click()
        for name, typed in wrong.items():
            ada.fill(**dict.fromkeys(wrong, "") | {name: typed})
            ada.press("Extend")
            ada.expect_text("this would shorten it")
            field = ada.page.locator(f"#extend [name={name}]")
            expect(field).to_have_attribute("aria-invalid", "true")
            expect(field).to_have_value(typed)
        ada.check_page("hold-refused")
        ada.expect_path(f"/holds/{pk}/")
        field.fill("40")
        field.press("Enter")  # which presses no button of other minutes
        ada.expect_text("is held until")
        expect(ada.page.locator("#hold .left").first).to_have_text(re.compile("^(40:00|39:)"))
        assert ada.hold_id == pk


class TestTakeOver:
    def test_an_admin_takes_over_with_a_reason(self, vera: User, product: Product) -> None:
        pk = product.place("ada", product.free_time(), "Hedy Lamarr")
        vera.page.goto(f"/holds/{pk}/")
        vera.page.get_by_text("Take over this hold from ada").click()
        vera.check_page("hold-take-over")

        vera.page.locator("#take-over").get_by_label("The holder is away").check()
        vera.page.locator("#take-over [name=note]").fill("at the doctor")
        vera.press("Take over")

        vera.expect_text("You hold it now")
        vera.expect_text("at the doctor")
        vera.expect_text("ada → vera")
        assert vera.hold_id == pk


class TestReleaseSeveral:
    @in_both_ways
    def test_the_selected_holds_are_listed_and_then_released(
        self, ada: User, product: Product
    ) -> None:
        times = [product.free_time() for _ in range(3)]
        pks = [product.place("ada", at, f"Noether {n}") for n, at in enumerate(times)]
        ada.page.goto("/")
        select(ada, pks[:2])
        press_for_selected(ada, "Release selected")

        ada.expect_heading("Release several holds")
        ada.expect_text("Noether 0")
        ada.expect_text("Noether 1")
        expect(ada.page.locator("main")).not_to_contain_text("Noether 2")
        ada.check_page("release-several")
        assert product.starts() == times
        ada.page.get_by_label("Client hung up").check()
        ada.press("Release these times")

        released = ada.page.locator("main").get_by_text("Released: cal.com no longer keeps")
        expect(released).to_have_count(2)
        ada.check_variant("released-several")
        assert product.starts() == times[2:]
        ada.page.get_by_role("link", name="Back to the board").click()
        expect(ada.page.locator(f"#h{pks[0]}")).to_have_count(0)
        expect(ada.page.locator(f"#h{pks[2]}")).to_be_visible()

    def test_a_failure_is_reported_in_its_row(self, ada: User, product: Product) -> None:
        pks = [product.place("ada", product.free_time(), "Hedy Lamarr") for _ in range(2)]
        ada.page.goto("/")
        select(ada, pks)
        press_for_selected(ada, "Release selected")
        product.calcom.faults.add("drop", when="before", method="DELETE", skip=1, count=None)
        ada.press("Release these times")

        ada.expect_text("Not confirmed yet.")
        tags = ada.page.locator(".attention .tag")
        expect(tags).to_have_text(["done", "unknown"])
        ada.check_page("released-partly")


@in_both_ways
def test_the_selected_holds_are_extended_at_once(ada: User, product: Product) -> None:
    times = [product.free_time() for _ in range(3)]
    pks = [product.place("ada", at, f"Noether {n}") for n, at in enumerate(times)]
    before = product.ends()
    ada.page.goto("/")
    select(ada, pks[:2])
    product.post("ada", f"/holds/{pks[1]}/release", {})
    press_for_selected(ada, "Extend selected by 15 min")

    ada.expect_text("Extended: 1 of 2 holds.")
    if ada.scripts:
        expect(ada.page.locator("#came")).to_be_focused()
    expect(ada.page.locator("#results .tag")).to_have_text(["refused", "done"])
    ada.check_page("board-extended")
    assert product.minutes_gained([before[0], before[2]]) == [0, 15]
    ticked = ada.page.locator("#live tbody :checked")
    expect(ticked).to_have_count(0)
    if ada.scripts:  # a row's own button leaves the selection as it is
        select(ada, pks[2:])
        ada.page.locator(f"#h{pks[0]} [name=add]").click()
        ada.expect_text("Held until")
        expect(ticked).to_have_count(1)
        ticked.uncheck()
    ada.page.locator("#results").get_by_role("link", name="Close").click()
    expect(ada.page.locator("#results > *")).to_have_count(0)


def test_what_is_selected_while_others_are_extended_stays_so(ada: User, product: Product) -> None:
    pks = [product.place("ada", product.free_time(), f"Noether {n}") for n in range(2)]
    ada.page.goto("/")
    select(ada, pks[:1])
    waiting: list[Route] = []

    def hold_back(route: Route) -> None:
        waiting.append(route)

    ada.page.route("**/extend?*", hold_back)
    with ada.page.expect_request("**/extend?*"):
        press_for_selected(ada, "Extend selected by 15 min")
    select(ada, pks[1:])
    waiting[0].continue_()
    ada.expect_text("Extended: 1 of 1 hold.")
    expect(ada.page.locator("#live tbody :checked")).to_have_value(f"{pks[1]}-1")
    button = ada.page.locator("#live").get_by_role("button", name=re.compile("^Release selected"))
    expect(button).to_have_attribute("data-selected", "1")
    ada.page.unroute("**/extend?*")


class TestOffer:
    @in_both_ways
    def test_two_times_are_offered_and_one_is_kept(self, ada: User, product: Product) -> None:
        first, second = product.free_time(), product.free_time()
        one = ada.place(first, "Emmy Noether")
        ada.press("Add another option")
        ada.page.wait_for_url(re.compile(r"/holds/new\?offer=\d+"))
        expect(ada.field("client_name")).to_have_value("Emmy Noether")
        expect(ada.field("client_name")).not_to_be_editable()
        ada.check_variant("place-offer")
        offer = ada.page.url.split("offer=")[1].split("&")[0]

        ada.type_time(second)
        ada.press("Hold this time")
        two = ada.hold_id
        ada.expect_text("2 of 2 times offered")
        ada.check_variant("hold-of-offer")
        ada.page.goto("/")
        expect(ada.page.locator(f"#h{one}")).to_contain_text("1 of 2")
        ada.check_variant("board-offer")
        ada.page.locator(f"#h{one} a", has_text="1 of 2").click()
        ada.page.wait_for_url(f"**/offers/{offer}/")
        ada.expect_text("Times offered to Emmy Noether")
        ada.check_page("offer")

        ada.page.locator(f"button[name=hold][value='{two}']").click()

        ada.expect_text("1 other is no longer held.")
        assert ada.hold_id == two
        assert product.starts() == [second]
        ada.page.goto(f"/offers/{offer}/")
        ada.check_variant("offer-decided")
        ada.page.goto(f"/holds/{one}/")
        ada.expect_text("the client chose another time of the offer")


class TestForTheClient:
    def test_the_sentence_is_copied(self, ada: User, product: Product) -> None:
        at = product.free_time()
        ada.place(at)
        sentence = ada.page.locator("#sentence")
        expect(sentence).to_contain_text(f"{at:%A} {at.day} {at:%B} {at.year}, 16:00–17:00")
        ada.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        ada.press("Copy the sentence")
        ada.expect_text("Copied.")
        assert ada.page.evaluate("navigator.clipboard.readText()") == sentence.inner_text()
