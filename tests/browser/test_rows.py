"""Rows of the board and the wallboard follow what the server sends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import User


@pytest.mark.parametrize(
    ("page", "poll", "old"),
    [("/", "/board?tab=everyone", "Marta Ferri"), ("/wallboard", "/wallboard/rows", "Consult")],
)
def test_row_of_the_same_version_that_differs_is_shown(
    ada: User, page: str, poll: str, old: str
) -> None:
    """As that of a hold which got its number after a restore, or of a renamed event type."""
    ada.place(client_name="Marta Ferri")
    ada.page.goto(page)
    row = ada.page.locator("#board tbody tr")
    expect(row).to_contain_text(old)
    answer = ada.page.request.get(poll).text().replace(old, "Quite new")
    fulfill = {"body": answer, "content_type": "text/html"}
    ada.page.route(f"**{poll.partition('?')[0]}*", lambda route: route.fulfill(**fulfill))
    ada.page.evaluate("htmx.trigger('#board', 'refresh', {}, false)")
    expect(row).to_contain_text("Quite new")


def test_no_other_hold_is_selected_on_the_way_back(ada: User, product: Product) -> None:
    first, _second = [product.place("ada", product.free_time(), "Marta Ferri") for _ in range(2)]
    ada.page.goto("/")
    ada.page.locator(f"#h{first} [name=hold]").check()
    ada.page.get_by_role("button", name="Release selected").click()
    ada.expect_heading("Release several holds")
    product.post("vera", f"/holds/{first}/extend", {"add": "60"})
    ada.page.go_back()
    expect(ada.page.locator("#board tbody tr").last).to_have_id(f"h{first}")
    assert ada.page.locator("#board :checked[name=hold]").count() == 0
