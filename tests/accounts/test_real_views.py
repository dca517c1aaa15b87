"""Saved forms and return URLs with the real views."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from django.test import Client

from dashboard.accounts.access import Policy, policy_of
from dashboard.accounts.models import User
from dashboard.accounts.return_urls import PAGE_OF
from dashboard.audit.models import AuditEntry
from dashboard.audit.saved_searches import SavedSearch
from dashboard.holds.models import Hold
from tests.accounts.cast import LOGIN, expire, make_hold, send, send_by_htmx, sign_in
from tests.architecture.test_urls import VIEWS, address

pytestmark = pytest.mark.slow  # details of accounts: the fast lane has test_sign_in and test_access


@pytest.fixture
def hold(staff: User) -> Hold:
    return make_hold(staff)


@pytest.mark.parametrize("method", ["plain", "htmx"])
def test_extension_after_expiry_fills_the_form_again(
    browser: Client, hold: Hold, method: str
) -> None:
    page = f"/holds/{hold.pk}/"
    sign_in(browser, "staff")
    browser.get(page)
    expire(browser)
    if method == "plain":
        url = send(browser, f"{page}extend", reservation_duration="37")["Location"]
    else:
        answer = send_by_htmx(browser, f"{page}extend", page, reservation_duration="37")
        url = answer["HX-Redirect"]
    assert url == f"{LOGIN}?next={page}"
    assert sign_in(browser, "staff", next=page)["Location"] == page
    said = browser.get(page).content.decode()
    assert 'value="37"' in said
    assert "What you typed is back in the form." in said
    assert 'value="37"' not in browser.get(page).content.decode()
    assert not AuditEntry.objects.filter(action="extend").exists()  # not submitted automatically


def test_release_after_expiry_fills_the_form_again(browser: Client, hold: Hold) -> None:
    sign_in(browser, "staff")
    browser.get(f"/holds/{hold.pk}/")
    expire(browser)
    answer = send(browser, f"/holds/{hold.pk}/release", note="rang off")
    assert answer["Location"] == f"{LOGIN}?next=/holds/{hold.pk}/"
    sign_in(browser, "staff")
    assert "rang off" in browser.get(f"/holds/{hold.pk}/").content.decode()


def test_each_page_shows_again_what_was_typed(browser: Client, admin: User) -> None:
    found = SavedSearch.objects.create(owner=admin, name="Mine", query="outcome=unknown")
    pages = {
        "/look-up": {"take": "yes", "find": "ended", "client_name": "typed"},
        "/audit/searches/?outcome=unknown": {"name": "typed"},
        f"/audit/searches/{found.pk}/": {"name": "typed"},
        "/calendars/": {"label": "typed"},
        "/holds/new": {"client_name": "typed"},
    }
    shown = {}
    for page, typed in pages.items():
        sign_in(browser, "admin")
        browser.get(page)
        expire(browser)
        url = send_by_htmx(browser, page, page, **typed)["HX-Redirect"]
        back = sign_in(browser, "admin", next=unquote(url.partition("next=")[2]))["Location"]
        shown[page] = back, 'value="typed"' in browser.get(back).content.decode()
    assert shown == {page: (page, True) for page in pages}


def test_post_only_addresses_have_a_page_to_return_to(client: Client, admin: User) -> None:
    client.force_login(admin)
    refused = {
        name: client.generic("PROPFIND", address(name, parameters)).headers.get("Allow", "")
        for name, parameters, view in VIEWS
        if policy_of(view) is not Policy.PUBLIC and not name.startswith("admin:")
    }
    assert set(PAGE_OF) <= set(refused)
    posts_only = {name for name, allowed in refused.items() if allowed and "GET" not in allowed}
    fragments = {"board-rows", "clients", "warnings", "place-times", "move-times", "wallboard-rows"}
    fragments |= {name for name in PAGE_OF if name.endswith("-poll")}
    assert posts_only == set(PAGE_OF) - fragments
    assert set(PAGE_OF.values()) <= set(refused) - set(PAGE_OF)
