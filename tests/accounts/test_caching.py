"""Answers to polls are not stored either, and pages vary. The walk is in ``test_hardening``."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.accounts.models import User
from tests.accounts.cast import sign_in

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize("poll", ["/board", "/warnings"])
def test_304_is_not_cacheable_and_has_no_header_of_a_page(
    staff: User, browser: Client, poll: str
) -> None:
    sign_in(browser, "staff")
    tag = browser.get(poll, headers=HTMX)["ETag"]
    answer = browser.get(poll, headers={**HTMX, "If-None-Match": tag})
    assert (answer.status_code, answer["Cache-Control"]) == (304, "no-store")
    of_pages = {"Content-Length", "Content-Type", "Content-Security-Policy", "X-Frame-Options"}
    assert of_pages & answer.headers.keys() == set()


def test_pages_vary_by_cookie_and_htmx(staff: User, browser: Client) -> None:
    assert "Cookie" in browser.get("/holds/new")["Vary"]
    sign_in(browser, "staff")
    vary = {one.strip() for one in browser.get("/look-up")["Vary"].split(",")}
    assert {"Cookie", "HX-Request", "HX-Request-Type", "HX-Target"} <= vary
