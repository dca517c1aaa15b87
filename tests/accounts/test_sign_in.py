"""Sign-in and sign-out, and their audit entries."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from dashboard.accounts import last_user
from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, PASSWORD, expire, send, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.usefixtures("small_site")


def test_sign_in_and_out(browser: Client, staff: User, story: Callable[[], Story]) -> None:
    answer = sign_in(browser, "staff")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.get("/").content == b"empty"
    answer = send(browser, "/accounts/logout/")
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert browser.get("/")["Location"] == f"{LOGIN}?next=/"
    assert story() == [("staff", "sign_in", "ok"), ("staff", "sign_out", "ok")]


def test_entry_has_address_and_browser(browser: Client, staff: User) -> None:
    browser.get(LOGIN)
    browser.post(
        LOGIN,
        {
            "username": "staff",
            "password": PASSWORD,
            "csrfmiddlewaretoken": browser.cookies["holdfast_csrf"].value,
        },
        headers={"User-Agent": "Browser/1 " + "x" * 400},
        REMOTE_ADDR="192.0.2.44",
    )
    entry = AuditEntry.objects.get(action="sign_in")
    assert (entry.actor, entry.address) == (staff, "192.0.2.44")
    assert entry.user_agent == ("Browser/1 " + "x" * 400)[:300]
    assert entry.request_id


@pytest.mark.parametrize(
    ("name", "password"),
    [("staff", "not my password"), ("STAFF", PASSWORD), ("off", PASSWORD)],
)
def test_failed_sign_in_is_logged_and_gives_no_hint(
    browser: Client, staff: User, colleague: User, name: str, password: str
) -> None:
    User.objects.filter(pk=colleague.pk).update(username="off", is_active=False)
    answer = sign_in(browser, name, password)
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "Name and password do not match. Capital letters count in both." in said
    assert password not in said
    entry = AuditEntry.objects.get(action="sign_in_failed")
    assert (entry.actor, entry.actor_name, entry.outcome) == (None, name.lower(), "refused")
    assert (entry.address, entry.error_code) == ("127.0.0.1", "")
    assert password not in str(AuditEntry.objects.values_list())


@pytest.mark.parametrize("name", [PASSWORD, "evil\x00\r\nadmin\u202e" + "x" * 5000])
def test_unknown_name_is_logged_as_a_fingerprint(browser: Client, staff: User, name: str) -> None:
    for said in (name, name, "another name"):
        assert sign_in(browser, said, "wrong").status_code == 422
    first, again, other = AuditEntry.objects.filter(action="sign_in_failed").order_by("id")
    assert re.fullmatch(r"\? [0-9a-f]{6}", first.actor_name)
    assert first.actor_name == again.actor_name != other.actor_name
    assert name[:4] not in str(AuditEntry.objects.values_list())


def test_empty_form(browser: Client, staff: User) -> None:
    answer = sign_in(browser, "", "")
    assert (answer.status_code, "do not match" in answer.content.decode()) == (422, False)
    assert set(answer.context["form"].errors) == {"username", "password"}


def test_session_from_before_sign_in_is_useless(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    expire(browser)
    browser.get(LOGIN)
    send(browser, "/holds/new", client_name="Ada")  # creates an anonymous session
    planted = browser.cookies["holdfast_session"].value
    sign_in(browser, "staff")
    assert browser.cookies["holdfast_session"].value != planted
    thief = Client()
    thief.cookies["holdfast_session"] = planted
    assert thief.get("/").status_code == 302


def test_signed_in_person_is_redirected_to_the_page(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    assert browser.get(f"{LOGIN}?next=/holds/7/")["Location"] == "/holds/7/"
    assert browser.get(f"{LOGIN}?next={LOGIN}")["Location"] == "/"
    assert browser.get(f"{LOGIN}?next=//evil.example")["Location"] == "/"


def test_sign_out_needs_post_and_token(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    assert browser.get("/accounts/logout/").status_code == 405
    assert browser.post("/accounts/logout/").status_code == 403
    assert browser.get("/").content == b"empty"


def test_sign_out_ignores_next(browser: Client, staff: User, story: Callable[[], Story]) -> None:
    sign_in(browser, "staff")
    answer = send(browser, "/accounts/logout/?next=//evil.example", next="https://evil.example/")
    assert answer["Location"] == LOGIN
    assert Session.objects.count() == 0
    send(browser, "/accounts/logout/")  # a second click is not logged
    assert story() == [("staff", "sign_in", "ok"), ("staff", "sign_out", "ok")]


def test_page_is_a_plain_form_with_a_safe_next(db: None, browser: Client) -> None:
    answer = browser.get(f"{LOGIN}?next=/holds/7/extend")
    said = answer.content.decode()
    assert answer.status_code == 200
    assert '<input type="hidden" name="next" value="/holds/7/">' in said
    assert f'method="post" action="{LOGIN}"' in said
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def title_of(page: str) -> str:
    return " ".join(re.search(r"<title[^>]*>(.*?)</title>", page, re.DOTALL)[1].split())


def test_error_has_the_focus_and_describes_the_fields(browser: Client, staff: User) -> None:
    page = browser.get(LOGIN).content.decode()
    assert title_of(page) == "Sign in · Holdfast"
    assert len(re.findall(r"<input[^>]* autofocus", page)) == 1
    page = sign_in(browser, "staff", "wrong").content.decode()
    assert title_of(page) == "Error: Sign in · Holdfast"
    assert re.findall(r"<(\w+)[^>]* autofocus", page) == ["div"]
    assert 'id="sign-in-error"' in page
    for field in ("username", "password"):
        (tag,) = (tag for tag in re.findall(r"<input[^>]*>", page) if f'name="{field}"' in tag)
        assert 'aria-invalid="true"' in tag
        assert 'aria-describedby="sign-in-error"' in tag


@pytest.mark.parametrize("data", [("", ""), ("staff", "")])
def test_error_of_an_empty_field_has_the_focus(
    browser: Client, staff: User, data: tuple[str, str]
) -> None:
    page = sign_in(browser, *data).content.decode()
    assert title_of(page) == "Error: Sign in · Holdfast"
    assert re.findall(r"<(\w+)[^>]* autofocus", page) == ["div"]
    assert "Fill in both name and password." in page


def test_page_says_that_the_person_signed_out(
    browser: Client, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(browser, "staff")
    answer = send(browser, "/accounts/logout/")
    said = "You have signed out in this browser, here or in another window."
    assert said not in browser.get(answer["Location"]).content.decode()
    page = browser.get(browser.get("/holds/7/")["Location"]).content.decode()
    assert said in page
    assert "What you typed is kept." not in page
    page = browser.get(send(browser, "/holds/new", note="x")["Location"]).content.decode()
    assert said in page
    assert "What you typed is kept. Sign in to see it again." in page
    sign_in(browser, "staff")
    expire(browser)
    monkeypatch.setattr(last_user, "JUST_NOW", timedelta(seconds=-1))
    page = browser.get(browser.get("/")["Location"]).content.decode()
    assert said not in page
    assert "You are signed out, because your session has ended." in page


def test_page_gives_a_new_browser_no_reason(db: None, browser: Client) -> None:
    page = browser.get(browser.get("/holds/7/")["Location"]).content.decode()
    assert 'class="notice" role="status"' not in page


def test_page_says_that_the_session_did_not_last(browser: Client, staff: User) -> None:
    """Say so where the network or another process loses a session that has just begun."""
    sign_in(browser, "staff")
    expire(browser)
    page = " ".join(browser.get(browser.get("/")["Location"]).content.decode().split())
    assert "You signed in a moment ago, but the sign-in did not last." in page
    assert "session has ended" not in page


def test_cookies_of_another_site_at_the_same_host_change_nothing(
    browser: Client, staff: User
) -> None:
    for name in ("sessionid", "csrftoken", "django_language"):
        browser.cookies[name] = "x" * 32
    assert sign_in(browser, "staff").status_code == 302
    assert browser.get("/").content == b"empty"
