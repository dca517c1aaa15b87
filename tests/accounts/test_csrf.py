"""A form whose token does not fit: told in our own words, and what was typed is not lost."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client

from dashboard.accounts.models import User
from tests.accounts.cast import LOGIN, expire, send, sign_in

pytestmark = pytest.mark.usefixtures("small_site")

HERE = {"Origin": "http://testserver"}
STALE = "Its page is older than your last sign-in."
BANNER = '<div id="banner" role="alert" hx-swap-oob="true">'
AGAIN = '<a class="button primary" href="{page}">Open the form again with what you typed</a>'


def send_with_old_token(
    browser: Client, address: str, old: str, headers: dict[str, str], **data: str
) -> HttpResponse:
    return browser.post(address, {**data, "csrfmiddlewaretoken": old}, headers=headers)


@pytest.fixture
def old_token(browser: Client, staff: User) -> str:
    """The token of a page that was open when its reader signed in again in another tab."""
    sign_in(browser, "staff")
    old = browser.cookies["csrftoken"].value
    expire(browser)
    sign_in(browser, "staff")
    assert browser.cookies["csrftoken"].value != old
    return old


def test_a_page_older_than_the_last_sign_in_loses_nothing(browser: Client, old_token: str) -> None:
    answer = send_with_old_token(browser, "/holds/new", old_token, HERE, client_name="Ada")
    said = answer.content.decode()
    assert (answer.status_code, STALE in said) == (403, True)
    assert AGAIN.format(page="/holds/new") in said
    assert browser.get("/holds/new").content == b"typed client_name=Ada"


def test_the_same_under_htmx_is_a_fragment_in_the_banner(browser: Client, old_token: str) -> None:
    by_htmx = {**HERE, "HX-Request": "true", "HX-Current-URL": "http://testserver/holds/7/"}
    answer = send_with_old_token(browser, "/holds/7/extend", old_token, by_htmx, minutes="9")
    said = answer.content.decode()
    assert (answer.status_code, said.startswith(BANNER)) == (403, True)
    assert AGAIN.format(page="/holds/7/") in said
    assert browser.get("/holds/7/").content == b"hold 7 {'extend': 'minutes=9'}"


def test_it_works_too_when_the_new_session_is_over_again(browser: Client, old_token: str) -> None:
    expire(browser)
    send_with_old_token(browser, "/holds/new", old_token, HERE, client_name="Ada")
    sign_in(browser, "staff")
    assert browser.get("/holds/new").content == b"typed client_name=Ada"


@pytest.mark.parametrize("then", [[], ["colleague"], ["staff", "colleague"]])
def test_a_page_of_whoever_was_signed_in_before_is_kept_for_nobody(
    browser: Client, staff: User, colleague: User, then: list[str]
) -> None:
    sign_in(browser, "staff")
    old = browser.cookies["csrftoken"].value
    for name in ["colleague", *then]:
        send(browser, "/accounts/logout/")
        sign_in(browser, name)
    answer = send_with_old_token(browser, "/holds/new", old, HERE, client_name="Ada")
    assert (answer.status_code, "with what you typed" in answer.content.decode()) == (403, False)
    assert browser.get("/holds/new").content == b"empty"
    assert "Ada" not in str(browser.session.items())


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://testserver"},
        {"Origin": "http://testserver:81"},
        {"Referer": "http://evil.example/"},
        {"Origin": "http://[evil"},
        {},
    ],
)
def test_what_another_site_sends_is_not_kept(
    browser: Client, old_token: str, elsewhere: dict[str, str]
) -> None:
    answer = send_with_old_token(browser, "/holds/new", old_token, elsewhere, client_name="Eve")
    assert answer.status_code == 403
    assert "with what you typed" not in answer.content.decode()
    assert browser.get("/holds/new").content == b"empty"


def test_a_wrong_origin_is_told_as_the_proxys_or_a_strangers_doing(
    browser: Client, staff: User
) -> None:
    sign_in(browser, "staff")
    token = browser.cookies["csrftoken"].value
    foreign = {"Origin": "https://evil.example"}
    answer = send_with_old_token(browser, "/holds/new", token, foreign)
    assert "the proxy in front of Holdfast and PUBLIC_URL do not agree" in answer.content.decode()


def test_a_browser_without_cookies_is_told_so(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post(LOGIN, {"username": "staff"})
    assert answer.status_code == 403
    assert "Your browser sent no cookie" in answer.content.decode()
    assert f'href="{LOGIN}"' in answer.content.decode()


def test_an_old_sign_in_page_leads_to_the_board_when_signed_in_already(
    browser: Client, old_token: str
) -> None:
    answer = send_with_old_token(browser, LOGIN, old_token, HERE, username="a", password="secret")
    said = answer.content.decode()
    assert (answer.status_code, "secret" in said) == (403, False)
    assert '<a class="button primary" href="/">Open the page again</a>' in said


def test_a_right_token_still_passes(browser: Client, old_token: str) -> None:
    assert send(browser, "/holds/7/release").content == b"did it"
