"""``next`` leads only to pages of this site, whatever its spelling."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import clear_script_prefix, set_script_prefix

from dashboard.accounts.models import User
from dashboard.accounts.return_urls import login_url, safe_page
from tests.accounts.cast import LOGIN, sign_in

pytestmark = pytest.mark.usefixtures("small_site")

HOSTILE = [
    "",
    "//evil.example",
    "///evil.example",
    "////evil.example/holds/new",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example/",
    "https:evil.example",
    "http:///evil.example",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "http://evil.example\\@testserver/",
    "ftp://testserver/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//testserver/",
    " javascript:alert(1)",
    "\x08//evil.example",
    "\t//evil.example",
    "data:text/html,<script>",
    "/%2Fevil.example",
    "/%2f%2fevil.example",
    "%2F%2Fevil.example",
    "/%5Cevil.example",
    "/..//evil.example",
    "holds/new",
    "nowhere",
    "/nowhere",
    "/static/css/holdfast.css",
    "/accounts/login/",
    "/accounts/login/?next=/holds/new",
    "/accounts/logout/",
    "/livez",
    "http://[evil",
    "/holds/\x00/",
]


@pytest.fixture
def request_here(rf: RequestFactory) -> HttpRequest:
    return rf.get(LOGIN)


def test_other_addresses_are_refused(request_here: HttpRequest) -> None:
    found = {address: safe_page(request_here, address) for address in HOSTILE}
    assert found == dict.fromkeys(HOSTILE)


@pytest.mark.parametrize("address", HOSTILE[::6])
def test_hostile_next_leads_to_the_board(browser: Client, staff: User, address: str) -> None:
    answer = sign_in(browser, "staff", next=address)
    assert (answer.status_code, answer["Location"]) == (302, "/")


PAGES = {
    "/": "/",
    "/holds/7/": "/holds/7/",
    "/holds/0007/": "/holds/7/",
    "/holds/new?event_type_id=3": "/holds/new?event_type_id=3",
    "http://testserver/holds/new?a=1#note": "/holds/new?a=1",
    "/holds/7/extend": "/holds/7/",
    "/holds/7/extend?version=4": "/holds/7/",
    "/check": "/",
    "/look%2Dup": "/look-up",
    "/?next=//evil.example": "/?next=//evil.example",
    "/admin/dashboard/user/": "/admin/dashboard/user/",
}


def test_page_is_reversed_from_the_urlconf(request_here: HttpRequest) -> None:
    assert {address: safe_page(request_here, address) for address in PAGES} == PAGES


def test_sign_in_leads_on_without_a_query_that_is_too_long() -> None:
    """Django takes a longer address than this for an attack, and would lead to the board."""
    assert login_url("/audit/?find=zo%C3%AB").endswith("?next=/audit/%3Ffind%3Dzo%25C3%25AB")
    assert login_url(f"/audit/?find={'%C3%A4' * 350}").endswith("?next=/audit/")


def test_line_break_in_next_cannot_split_the_response(browser: Client, staff: User) -> None:
    answer = sign_in(browser, "staff", next="/?a=1\r\nSet-Cookie: who=1")
    assert answer["Location"] == "/?a=1Set-Cookie:%20who=1"


def test_pages_below_the_prefix(request_here: HttpRequest) -> None:
    set_script_prefix("/desk/")
    try:
        own = ("/desk/", "/desk/holds/7/extend", "http://testserver/desk/check")
        assert [safe_page(request_here, one) for one in own] == [
            "/desk/",
            "/desk/holds/7/",
            "/desk/",
        ]
        others = ("/", "/holds/7/", "/desktop/", "/desk", "/other/holds/7/", "/desk//evil.example")
        assert [safe_page(request_here, one) for one in others] == [None] * len(others)
    finally:
        clear_script_prefix()
