"""Typed text that is not sent yet: no key and no warning takes it away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import User


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
