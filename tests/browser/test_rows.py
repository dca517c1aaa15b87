"""Rows of the board and the wallboard follow what the server sends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
