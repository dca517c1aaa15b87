"""No browser and no proxy keeps anything of ours, whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from dashboard.accounts.models import User
from dashboard.edge.health import PROBES
from tests.accounts.cast import sign_in

HTMX = {"HX-Request": "true"}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Each address of the site, with something in the place of what varies."""
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        else:
            for name in pattern.pattern.converters:
                path = "".join(_filled(path, name))
            yield path


def _filled(path: str, name: str) -> Iterator[str]:
    head, _, tail = path.partition("<")
    kind, _, rest = tail.partition(">")
    assert kind.endswith(name)
    yield from (head, "1", rest)


EVERYTHING = [*addresses(get_resolver("dashboard.urls").url_patterns), "/nowhere", "/holds/1"]


def test_the_walk_finds_the_site() -> None:
    assert {"/", "/livez", "/holds/1/move", "/admin/dashboard/user/1/change/"} <= set(EVERYTHING)
    assert not [address for address in EVERYTHING if "<" in address]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["", "staff", "admin"])
def test_nothing_is_kept(
    staff: User, admin: User, who: str, method: str, headers: dict[str, str]
) -> None:
    browser = Client(raise_request_exception=False)
    kept = []
    for address in EVERYTHING:
        if (method, address in PROBES) == ("post", True):
            continue  # 405 without a word, and no answer to a POST is kept
        browser.logout()
        if who:
            sign_in(browser, who)
        answer = getattr(browser, method)(address, headers=headers)
        if answer.status_code >= 500 or "no-store" not in answer.headers.get("Cache-Control", ""):
            kept.append((address, answer.status_code))
    assert kept == []


@pytest.mark.parametrize("poll", ["/board", "/warnings"])
def test_nothing_new_is_not_kept_either(staff: User, browser: Client, poll: str) -> None:
    sign_in(browser, "staff")
    tag = browser.get(poll, headers=HTMX)["ETag"]
    answer = browser.get(poll, headers={**HTMX, "If-None-Match": tag})
    assert (answer.status_code, answer["Cache-Control"]) == (304, "no-store")


def test_a_page_differs_by_cookie_and_by_htmx(staff: User, browser: Client) -> None:
    assert "Cookie" in browser.get("/holds/new")["Vary"]
    sign_in(browser, "staff")
    vary = {one.strip() for one in browser.get("/look-up")["Vary"].split(",")}
    assert {"Cookie", "HX-Request", "HX-Request-Type", "HX-Target"} <= vary
