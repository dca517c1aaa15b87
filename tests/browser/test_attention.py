"""Entries that need attention, above the live holds of the board."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import User


def test_live_holds_stay_in_view_below_what_needs_attention(ada: User, product: Product) -> None:
    for number in range(4):
        product.place("ada", product.free_time(), f"Lost {number}")
    product.calcom.remove_reservations()
    product.post("ada", "/check", {"all": "yes"})
    live = product.place("ada", product.free_time(), "Noor Haddad")
    ada.page.goto("/")
    entries = ada.page.locator(".attention > li:visible")
    expect(entries).to_have_count(3)
    expect(ada.page.locator(f"#h{live}")).to_be_visible()
    hidden = ada.page.locator(".attention > li").last
    expect(hidden).to_be_hidden()
    search = ada.page.get_by_role("searchbox")
    search.fill(str(hidden.locator("bdi").first.text_content()))
    expect(hidden).to_be_visible()
    expect(ada.page.locator(f"#h{live}")).to_be_hidden()
    search.fill("")
    expect(entries).to_have_count(3)
    ada.check_page("board-cut")
    ada.page.get_by_role("link", name="Show all").click()
    expect(ada.page.locator(".cut")).to_have_count(0)
    expect(entries).not_to_have_count(3)
