"""The benchmark ``tests.browser.swap`` fits the board's markup; no test runs it."""

from __future__ import annotations

from tests.browser import swap
from tests.browser.product import Product
from tests.browser.user import OpenBrowser


def test_changed_row_is_seen(product: Product, open_browser: OpenBrowser) -> None:
    product.place("ada", product.free_time(), "Marta Ferri", client_contact="06 555 0100")
    page = open_browser("ada").page
    page.goto("/")
    swap.change_one(page, page.request.get("/").text(), 0)
