"""A browser context that tests use one after the other."""

from __future__ import annotations

from tests.browser.contexts import ContextPool
from tests.browser.product import Product

PERMISSION = "navigator.permissions.query({ name: 'clipboard-read' }).then((one) => one.state)"


def test_nothing_of_one_test_is_left_to_the_next(pool: ContextPool, product: Product) -> None:
    with pool.borrowed(product.url, scripts=True) as first:
        first.add_cookies(product.cookies("ada"))
        first.grant_permissions(["clipboard-read"])
        page = first.new_page()
        page.goto("/settings/")
        page.evaluate("localStorage.setItem('known', 'yes')")
        assert page.evaluate(PERMISSION) == "granted"
        first.set_offline(True)
    with pool.borrowed(product.url, scripts=True) as second:
        assert second is first
        assert len(second.pages) == 1
        page = second.new_page()
        page.goto("/settings/")
        assert "/accounts/login/" in page.url
        assert page.evaluate("localStorage.length") == 0
        assert page.evaluate(PERMISSION) != "granted"
