"""Responses forbid caching, for every URL and every person."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from dashboard.accounts.models import User
from dashboard.edge.health import PROBES
from tests.accounts.cast import sign_in
from tests.architecture.test_urls import VIEWS, address

HTMX = {"HX-Request": "true"}
PATHS = [address(name, parameters) for name, parameters, _ in VIEWS if not name.endswith("None")]
PATHS += ["/nowhere", "/holds/1", "/admin/nowhere/"]


@pytest.mark.slow  # hundreds of pages
@pytest.mark.parametrize(
    ("name", "method", "headers"),
    [
        ("", "get", {}),
        ("", "post", HTMX),
        ("staff", "get", HTMX),
        ("staff", "post", {}),
        ("admin", "get", {}),
        ("admin", "post", HTMX),
    ],
)
def test_no_response_is_cacheable(
    staff: User, admin: User, name: str, method: str, headers: dict[str, str]
) -> None:
    browser = Client(raise_request_exception=False)
    users = {"staff": staff, "admin": admin}
    cacheable = []
    for path in PATHS:
        if method == "post" and path in PROBES:
            continue  # Django's empty 405; responses to POST are not cached anyway
        session = browser.cookies.get(settings.SESSION_COOKIE_NAME)
        if name and not (session and session.value):  # at first, and after signing out
            browser.force_login(users[name])
        answer = getattr(browser, method)(path, headers=headers)
        if answer.status_code >= 500 or "no-store" not in answer.headers.get("Cache-Control", ""):
            cacheable.append((path, answer.status_code))
    assert cacheable == []


@pytest.mark.parametrize("poll", ["/board", "/warnings"])
def test_304_is_not_cacheable(staff: User, browser: Client, poll: str) -> None:
    sign_in(browser, "staff")
    tag = browser.get(poll, headers=HTMX)["ETag"]
    answer = browser.get(poll, headers={**HTMX, "If-None-Match": tag})
    assert (answer.status_code, answer["Cache-Control"]) == (304, "no-store")


def test_pages_vary_by_cookie_and_htmx(staff: User, browser: Client) -> None:
    assert "Cookie" in browser.get("/holds/new")["Vary"]
    sign_in(browser, "staff")
    vary = {one.strip() for one in browser.get("/look-up")["Vary"].split(",")}
    assert {"Cookie", "HX-Request", "HX-Request-Type", "HX-Target"} <= vary
