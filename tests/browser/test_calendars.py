"""An Admin enters calendars, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import User, in_both_ways


@pytest.fixture
def without_calendars(product: Product) -> Iterator[None]:
    """Remove all calendars at the end, as other tests share the product."""
    yield
    page = product.clients["vera"].get("/calendars/").text
    for address in set(re.findall(r'href="(/calendars/\d+/)"', page)):
        product.post("vera", address, {"label": "any", "colour": "grey", "position": "1"})
        product.post("vera", f"{address}remove", {})


@in_both_ways
@pytest.mark.usefixtures("without_calendars")
def test_an_admin_adds_orders_and_limits_calendars(vera: User) -> None:
    page = vera.page
    page.goto("/calendars/")
    for typed, label in (("owner", "Surgery"), ("20", "Any of two")):
        page.get_by_label("Person or event type").fill(typed)
        page.get_by_label("Label").fill(label)
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_text(f"Added: {label}.")).to_be_visible()

    page.get_by_role("button", name="Up Any of two").click()
    expect(page.get_by_role("rowheader").first).to_contain_text("Any of two")
    page.get_by_role("link", name="Surgery").click()
    page.get_by_label("ada").check()
    page.get_by_label("Paused").check()
    vera.check_page("calendar")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("rowheader").last).to_contain_text("Limited to it: ada")
    vera.check_page("calendars")
