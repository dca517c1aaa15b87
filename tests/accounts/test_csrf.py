"""CSRF failures: an explanation, and saved input."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.middleware import csrf
from django.test import Client, RequestFactory

from dashboard.accounts.csrf import cause_of
from dashboard.accounts.models import User
from dashboard.edge import diagnosis
from tests.accounts.cast import LOGIN, expire, send, sign_in

pytestmark = pytest.mark.usefixtures("small_site")

SAME_ORIGIN = {"Origin": "http://testserver"}
STALE = "The page is older than your last sign-in."
BANNER = '<div id="banner" role="alert" hx-swap-oob="true">'
REOPEN = '<a class="button primary" href="{page}">Open the form again with what you typed</a>'


def send_with_old_token(
    browser: Client, address: str, old: str, headers: dict[str, str], **data: str
) -> HttpResponse:
    return browser.post(address, {**data, "csrfmiddlewaretoken": old}, headers=headers)


@pytest.fixture
def old_token(browser: Client, staff: User) -> str:
    """Return the token of a page that was open during a sign-in in another tab."""
    sign_in(browser, "staff")
    old = browser.cookies["holdfast_csrf"].value
    expire(browser)
    sign_in(browser, "staff")
    assert browser.cookies["holdfast_csrf"].value != old
    return old


def test_input_of_a_stale_page_is_saved(browser: Client, old_token: str) -> None:
    answer = send_with_old_token(browser, "/holds/new", old_token, SAME_ORIGIN, client_name="Ada")
    said = answer.content.decode()
    assert (answer.status_code, STALE in said) == (403, True)
    assert REOPEN.format(page="/holds/new") in said
    assert browser.get("/holds/new").content == b"saved client_name=Ada"


def test_htmx_gets_a_banner(browser: Client, old_token: str) -> None:
    by_htmx = {**SAME_ORIGIN, "HX-Request": "true", "HX-Current-URL": "http://testserver/holds/7/"}
    answer = send_with_old_token(browser, "/holds/7/extend", old_token, by_htmx, minutes="9")
    said = answer.content.decode()
    assert (answer.status_code, said.lstrip().startswith(BANNER)) == (403, True)
    assert REOPEN.format(page="/holds/7/") in said
    assert browser.get("/holds/7/").content == b"hold 7 {'extend': 'minutes=9'}"


def test_input_is_saved_after_another_expired_session(browser: Client, old_token: str) -> None:
    expire(browser)
    send_with_old_token(browser, "/holds/new", old_token, SAME_ORIGIN, client_name="Ada")
    sign_in(browser, "staff")
    assert browser.get("/holds/new").content == b"saved client_name=Ada"


@pytest.mark.parametrize("then", [[], ["colleague"], ["staff", "colleague"]])
def test_input_from_a_shared_browser_is_not_saved(
    browser: Client, staff: User, colleague: User, then: list[str]
) -> None:
    sign_in(browser, "staff")
    old = browser.cookies["holdfast_csrf"].value
    for name in ["colleague", *then]:
        send(browser, "/accounts/logout/")
        sign_in(browser, name)
    answer = send_with_old_token(browser, "/holds/new", old, SAME_ORIGIN, client_name="Ada")
    assert (answer.status_code, "with what you typed" in answer.content.decode()) == (403, False)
    assert browser.get("/holds/new").content == b"empty"
    assert "Ada" not in str(browser.session.items())


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://testserver"},
    {"Origin": "http://testserver:81"},
    {"Referer": "http://evil.example/"},
    {"Origin": "http://[evil"},
    {},
]


def test_input_from_another_site_is_not_saved(browser: Client, old_token: str) -> None:
    for headers in ELSEWHERE:
        answer = send_with_old_token(browser, "/holds/new", old_token, headers, client_name="Eve")
        assert answer.status_code == 403
        assert "with what you typed" not in answer.content.decode(), headers
        assert browser.get("/holds/new").content == b"empty", headers


@pytest.mark.parametrize(
    "reason",
    [
        csrf.REASON_BAD_ORIGIN,
        csrf.REASON_BAD_REFERER,
        csrf.REASON_INSECURE_REFERER,
        csrf.REASON_MALFORMED_REFERER,
        csrf.REASON_NO_REFERER,
    ],
)
def test_reasons_of_django_about_another_site(rf: RequestFactory, reason: str) -> None:
    assert cause_of(rf.post("/"), reason) == "elsewhere"


def test_wrong_origin_names_the_proxy(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    token = browser.cookies["holdfast_csrf"].value
    foreign = {"Origin": "https://evil.example"}
    answer = send_with_old_token(browser, "/holds/new", token, foreign)
    assert "the proxy in front of Holdfast and PUBLIC_URL do not agree" in answer.content.decode()


def test_hidden_origin_has_its_own_words(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    token = browser.cookies["holdfast_csrf"].value
    answer = send_with_old_token(browser, "/holds/new", token, {"Origin": "null"})
    assert "Your browser did not say which page it came from." in answer.content.decode()


@pytest.mark.parametrize(("name", "is_told"), [("staff", False), ("admin", True)])
def test_only_admins_see_what_arrived(
    browser: Client, staff: User, admin: User, name: str, is_told: bool
) -> None:
    sign_in(browser, name)
    token = browser.cookies["holdfast_csrf"].value
    foreign = {"Origin": "https://other.example", "Cookie": "secret=hunter2"}
    foreign |= {"Referer": "https://other.example/look-up?uid=hunter2"}
    cookies = "; ".join(f"{key}={morsel.value}" for key, morsel in browser.cookies.items())
    foreign["Cookie"] = f"secret=hunter2; {cookies}"
    answer = send_with_old_token(browser, "/holds/new", token, foreign)
    said = " ".join(answer.content.decode().split())
    assert f"Request {answer['X-Request-Id']}" in said
    told = "The form was on a page of https://other.example, but PUBLIC_URL is http://testserver."
    line = "<code>PUBLIC_URL=https://other.example"
    assert [part in said for part in (told, line, "127.0.0.1, not in TRUSTED_PROXIES")] == [
        is_told
    ] * 3
    assert [secret for secret in ("hunter2", token) if secret in said] == []


def test_log_names_the_line(
    browser: Client, staff: User, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "logged_at", {})
    sign_in(browser, "staff")
    token = browser.cookies["holdfast_csrf"].value
    for _ in range(2):
        send_with_old_token(browser, "/holds/new", token, {"Origin": "null"})
    [line] = [text for text in caplog.messages if "Origin is null" in text]
    assert "nginx: add_header Referrer-Policy same-origin always;" in line


def test_missing_cookie_is_explained(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post(LOGIN, {"username": "staff"})
    assert answer.status_code == 403
    assert "Your browser sent no cookie" in answer.content.decode()
    assert f'href="{LOGIN}"' in answer.content.decode()


@pytest.mark.parametrize("body", ["", "username=sta"])
def test_lost_content_is_not_called_a_stale_page(browser: Client, staff: User, body: str) -> None:
    sign_in(browser, "staff")
    form = "application/x-www-form-urlencoded"
    answer = browser.post("/holds/new", body, content_type=form, headers=SAME_ORIGIN)
    said = answer.content.decode()
    assert (answer.status_code, "It arrived empty or cut off" in said) == (403, True)
    assert STALE not in said


def test_stale_sign_in_page_leads_to_the_board(browser: Client, old_token: str) -> None:
    answer = send_with_old_token(
        browser, LOGIN, old_token, SAME_ORIGIN, username="a", password="secret"
    )
    said = answer.content.decode()
    assert (answer.status_code, "secret" in said) == (403, False)
    assert '<a class="button primary" href="/">Open the page again</a>' in said


def test_valid_token_passes(browser: Client, old_token: str) -> None:
    assert send(browser, "/holds/7/release").content == b"did it"
