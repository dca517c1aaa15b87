"""Signing in and out, and what the audit says of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, PASSWORD, expire, send, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.usefixtures("small_site")


def test_in_and_out_again(browser: Client, staff: User, story: Callable[[], Story]) -> None:
    answer = sign_in(browser, "staff")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.get("/").content == b"empty"
    answer = send(browser, "/accounts/logout/")
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert browser.get("/")["Location"] == f"{LOGIN}?next=/"
    assert story() == [("staff", "sign_in", "ok"), ("staff", "sign_out", "ok")]


def test_the_audit_knows_from_where_and_with_what(browser: Client, staff: User) -> None:
    browser.get(LOGIN)
    browser.post(
        LOGIN,
        {
            "username": "staff",
            "password": PASSWORD,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"].value,
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
def test_a_failed_sign_in_tells_nothing_and_is_in_the_audit(
    browser: Client, staff: User, colleague: User, name: str, password: str
) -> None:
    User.objects.filter(pk=colleague.pk).update(username="off", is_active=False)
    answer = sign_in(browser, name, password)
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "Name and password do not match. Capital letters count in both." in said
    assert password not in said
    entry = AuditEntry.objects.get(action="sign_in_failed")
    assert (entry.actor, entry.actor_name, entry.outcome) == (None, name, "refused")
    assert (entry.address, entry.error_code) == ("127.0.0.1", "")
    assert password not in str(AuditEntry.objects.values_list())


@pytest.mark.parametrize("name", [PASSWORD, "evil\x00\r\nadmin\u202e" + "x" * 5000])
def test_a_name_that_nobody_has_may_be_a_password_and_is_not_written_down(
    browser: Client, staff: User, name: str
) -> None:
    for said in (name, name, "somebody else"):
        assert sign_in(browser, said, "wrong").status_code == 422
    first, again, other = AuditEntry.objects.filter(action="sign_in_failed").order_by("id")
    assert re.fullmatch(r"\? [0-9a-f]{6}", first.actor_name)
    assert first.actor_name == again.actor_name != other.actor_name
    assert name[:4] not in str(AuditEntry.objects.values_list())


def test_an_empty_form_is_told_beside_the_fields(browser: Client, staff: User) -> None:
    answer = sign_in(browser, "", "")
    assert (answer.status_code, "do not match" in answer.content.decode()) == (422, False)
    assert set(answer.context["form"].errors) == {"username", "password"}


def test_a_session_planted_before_signing_in_opens_nothing(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    expire(browser)
    browser.get(LOGIN)
    send(browser, "/holds/new", client_name="Ada")  # makes an anonymous session
    planted = browser.cookies["sessionid"].value
    sign_in(browser, "staff")
    assert browser.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/").status_code == 302


def test_who_is_signed_in_already_goes_on_to_the_page(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    assert browser.get(f"{LOGIN}?next=/holds/7/")["Location"] == "/holds/7/"
    assert browser.get(f"{LOGIN}?next={LOGIN}")["Location"] == "/"
    assert browser.get(f"{LOGIN}?next=//evil.example")["Location"] == "/"


def test_signing_out_takes_a_post_and_a_token(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    assert browser.get("/accounts/logout/").status_code == 405
    assert browser.post("/accounts/logout/").status_code == 403
    assert browser.get("/").content == b"empty"


def test_signing_out_leads_nowhere_else(
    browser: Client, staff: User, story: Callable[[], Story]
) -> None:
    sign_in(browser, "staff")
    answer = send(browser, "/accounts/logout/?next=//evil.example", next="https://evil.example/")
    assert answer["Location"] == LOGIN
    assert Session.objects.count() == 0
    send(browser, "/accounts/logout/")  # a second click: nobody signs out twice
    assert story() == [("staff", "sign_in", "ok"), ("staff", "sign_out", "ok")]


def test_the_page_works_without_scripts_and_says_where_it_leads(db: None, browser: Client) -> None:
    answer = browser.get(f"{LOGIN}?next=/holds/7/extend")
    said = answer.content.decode()
    assert answer.status_code == 200
    assert '<input type="hidden" name="next" value="/holds/7/">' in said
    assert f'method="post" action="{LOGIN}"' in said
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
