"""Typed text that is not sent yet: no key and no warning takes it away."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.product import Product
from tests.browser.test_hold_page_updates import read
from tests.browser.user import OpenBrowser, User


@pytest.fixture
def ending(product: Product) -> int:
    """Number of a hold of Ada's that ends within the minute."""
    return product.place("ada", product.free_time(), "Marta Ferri", reservation_duration="1")


def test_extending_from_the_bar_gives_the_focus_back(ada: User, ending: int) -> None:
    ada.page.goto("/holds/new")
    name = ada.field("client_name")
    name.click()
    ada.page.keyboard.type("Sophie")
    ada.page.locator(f"#w{ending} button").click()
    expect(name).to_be_focused()
    expect(ada.page.locator(f"#w{ending}")).to_be_hidden()
    ada.page.keyboard.type(" Bell")
    expect(name).to_have_value("Sophie Bell")
    ada.expect_path("/holds/new")


def test_a_warning_that_goes_gives_the_focus_back(ada: User, ending: int, product: Product) -> None:
    ada.page.goto("/look-up")
    ada.field("uid").focus()
    ada.page.locator(f"#w{ending} a").last.focus()
    product.post("ada", f"/holds/{ending}/extend", {"add": "15"})
    ada.page.evaluate("htmx.trigger('#warnings', 'refresh', {}, false)")
    expect(ada.field("uid")).to_be_focused()


def test_no_key_leads_away_or_acts(ada: User, ending: int, product: Product) -> None:
    ada.page.goto("/holds/new")
    ada.field("client_name").fill("Sophie")
    product.calcom.forget_calls()
    ada.page.locator("h1").click()
    status = ada.page.locator("#status")
    for key in "elbn":
        status.evaluate("(status) => status.replaceChildren()")
        ada.page.keyboard.press(key)
        expect(status).to_contain_text("Keys are off")
        expect(ada.field("client_name")).to_have_value("Sophie")
        ada.expect_path("/holds/new")
    assert product.calcom.calls("PATCH") == []


def test_keys_work_where_nothing_is_typed(ada: User) -> None:
    pk = ada.place()
    ada.page.goto("/holds/new")
    ada.field("client_name").fill("Sophie")
    ada.field("client_name").fill("")
    ada.page.locator("h1").click()
    ada.page.keyboard.press("b")
    ada.expect_heading("Board")
    ada.page.goto(f"/holds/{pk}/?client_zone=America/New_York")  # a field that is not empty
    expect(ada.page.locator("[name=client_zone]")).to_have_value("America/New_York")
    ada.page.keyboard.press("b")
    ada.expect_heading("Board")


def test_a_refused_form_still_counts_as_typed(ada: User) -> None:
    ada.refusals.add(422)
    ada.page.goto("/holds/new")
    ada.fill(client_name="Sophie", reservation_duration="")
    ada.page.locator("#wish").evaluate("(form) => (form.noValidate = true)")
    ada.press("Hold this time")
    ada.expect_text("Not saved.")
    expect(ada.page).to_have_title("Error: Hold a time · Holdfast")
    ada.page.locator("h1").click()
    ada.page.keyboard.press("b")
    expect(ada.field("client_name")).to_have_value("Sophie")


class TestPolledPart:
    """A poll changes the page of a hold into which something was typed."""

    @pytest.fixture
    def ada(self, open_browser: OpenBrowser) -> User:
        user = open_browser("ada")
        user.poll_often()
        return user

    def edit_client(self, user: User) -> Locator:
        user.page.locator("#client summary").click()
        return user.page.locator("#client form")

    def test_refused_while_a_colleague_extends(
        self, ada: User, vera: User, product: Product
    ) -> None:
        pk = ada.place()
        form = self.edit_client(ada)
        form.locator("[name=client_name]").fill("Edith Clarke")
        vera.page.goto(f"/holds/{pk}/")
        product.calcom.faults.add("delay", seconds=2, method="PATCH")
        with ada.page.expect_response(lambda answer: "data-passing" in read(answer)):
            vera.page.get_by_role("button", name="+5 min").click(no_wait_after=True)
        ada.refusals.add(409)
        form.locator("[name=note]").fill("rings back")
        ada.press("Save")
        expect(ada.page.locator("#hold .notice.trouble")).to_be_visible()
        expect(ada.page.locator("#hold .tag").first).to_have_text("held")
        expect(form.locator("[name=client_name]")).to_have_value("Edith Clarke")
        expect(form.locator("[name=note]")).to_have_value("rings back")
        product.post("vera", f"/holds/{pk}/extend", {"add": "30"})  # and in the polls after that
        expect(ada.page.locator("#hold .story li")).to_have_count(4)
        expect(form.locator("[name=client_name]")).to_be_visible()
        expect(form.locator("[name=client_name]")).to_have_value("Edith Clarke")
        ada.press("Save")
        expect(ada.page.locator("#hold .facts")).to_contain_text("rings back")

    def test_refused_extension(self, ada: User, product: Product) -> None:
        pk = ada.place()
        ada.refusals.add(422)
        ada.page.locator("#extend summary").click()
        until = ada.page.locator("#extend [name=reservation_duration]")
        until.fill("1")
        ada.page.locator("#extend .own button").click()
        expect(ada.page.locator("#extend .errors, #hold .notice.trouble").first).to_be_visible()
        product.post("vera", f"/holds/{pk}/extend", {"add": "30"})
        expect(ada.page.locator("#hold .story li")).to_have_count(3)
        expect(until).to_have_value("1")

    def test_chosen_reason_while_a_colleague_extends(
        self, ada: User, vera: User, product: Product
    ) -> None:
        pk = ada.place()
        reason = ada.page.locator("#release [value=mistake]")
        reason.check()
        vera.page.goto(f"/holds/{pk}/")
        product.calcom.faults.add("delay", seconds=2, method="PATCH")
        with ada.page.expect_response(lambda answer: "data-passing" in read(answer)):
            vera.page.get_by_role("button", name="+5 min").click(no_wait_after=True)
        expect(ada.page.locator("#hold .story li")).to_have_count(2)
        expect(reason).to_be_checked()

    def test_reason_of_a_refused_release(self, ada: User, product: Product) -> None:
        ada.hear_nothing_new()
        pk = ada.place()
        product.post("vera", f"/holds/{pk}/extend", {"add": "15"})
        ada.refusals.add(409)
        reason = ada.page.locator("#release [value=mistake]")
        reason.check()
        ada.press("Release this time")
        expect(ada.page.locator("#hold .notice.trouble")).to_be_visible()
        ada.page.unroute("**/poll")
        product.post("vera", f"/holds/{pk}/extend", {"add": "30"})
        expect(ada.page.locator("#hold .story li")).to_have_count(4)
        expect(reason).to_be_checked()

    def test_colleague_corrects_the_same_client(self, ada: User, product: Product) -> None:
        pk = ada.place()
        form = self.edit_client(ada)
        name, note = form.locator("[name=client_name]"), form.locator("[name=note]")
        name.fill("Edith Clarke")
        ada.page.locator("h1").click()
        details = {"client_name": "E. Clarke", "client_contact": "", "note": "of the firm"}
        product.post("vera", f"/holds/{pk}/client", details)
        expect(note).to_have_value("of the firm")
        expect(name).to_have_value("Edith Clarke")

    def test_hold_ends(self, ada: User, product: Product) -> None:
        pk = ada.place()
        self.edit_client(ada).locator("[name=client_contact]").fill("+39 06 1234")
        product.post("vera", f"/holds/{pk}/release", {"reason": "mistake"})
        expect(ada.page.locator("#banner")).to_contain_text("You had typed: +39 06 1234")
        expect(ada.page.locator("#client")).to_have_count(0)
