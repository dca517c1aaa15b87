"""Saved forms: input survives an expired session, for the same person, once."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts import people, saved_forms
from dashboard.accounts.models import User
from tests.accounts.cast import LOGIN, expire, send, send_by_htmx, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_site")]

BACK = "Not saved yet. What you typed is back in the form."


def shown(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def next_of(answer: HttpResponse) -> str:
    address = answer.headers.get("HX-Redirect") or answer["Location"]
    return parse_qs(urlsplit(address).query)["next"][0]


@pytest.fixture
def expired(browser: Client, staff: User) -> Client:
    """Return a browser with an open page whose session has just expired."""
    sign_in(browser, "staff")
    browser.get("/holds/new")
    expire(browser)
    return browser


def test_plain_form_is_restored_after_sign_in(expired: Client) -> None:
    answer = send(expired, "/holds/new", client_name="Ada & Co", note="called at nine")
    page = next_of(answer)
    assert page == "/holds/new"
    answer = sign_in(expired, "staff", next=page)
    assert (answer.status_code, answer["Location"]) == (302, "/holds/new")
    answer = expired.get("/holds/new")
    assert answer.content.decode() == "saved client_name=Ada+%26+Co&note=called+at+nine"


def test_htmx_form_is_restored_on_its_page(expired: Client) -> None:
    answer = send_by_htmx(expired, "/holds/7/extend", "/holds/7/?a=1", minutes="9")
    page = next_of(answer)
    assert page == "/holds/7/?a=1"
    sign_in(expired, "staff", next=page)
    assert shown(expired, page) == "hold 7 {'extend': 'minutes=9'}"


def test_form_is_restored_after_deactivation_and_activation(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    people.change_person(person=staff.pk, is_active=False, by=None, now=timezone.now())
    send(browser, "/holds/new", note="called at nine")
    people.change_person(person=staff.pk, is_active=True, by=None, now=timezone.now())
    assert sign_in(browser, "staff", next="/holds/new").status_code == 302
    assert shown(browser, "/holds/new") == "saved note=called+at+nine"


def test_typed_text_is_kept_when_a_link_was_followed(expired: Client) -> None:
    page = "/holds/new?slot_start=2026-12-01T10:00"
    answer = send_by_htmx(expired, "/accounts/keep", page, client_name="Ada")
    assert next_of(answer) == page
    login = shown(expired, answer["HX-Redirect"])
    assert "What you typed is kept" in login
    sign_in(expired, "staff", next=page)
    assert shown(expired, page) == "saved client_name=Ada"


def test_typed_text_is_kept_for_a_person_who_has_signed_in_meanwhile(expired: Client) -> None:
    sign_in(expired, "staff")
    answer = send_by_htmx(expired, "/accounts/keep", "/holds/new", client_name="Ada")
    assert answer["HX-Redirect"] == "/holds/new"
    assert shown(expired, "/holds/new") == "saved client_name=Ada"


def test_each_tab_gets_its_own_form_back(expired: Client) -> None:
    pages = {
        name: next_of(send(expired, "/holds/new?a=1", token=str(uuid4()), client_name=name))
        for name in ("Ada", "Grace")
    }
    sign_in(expired, "staff")
    assert shown(expired, "/holds/new") == "empty"
    found = {name: shown(expired, page) for name, page in pages.items()}
    assert found == {name: f"saved client_name={name}" for name in pages}


def test_forms_of_one_page_are_restored_separately(expired: Client) -> None:
    send(expired, "/holds/7/extend", reservation_duration="9")
    send(expired, "/holds/7/release", reason="client_left")
    sign_in(expired, "staff")
    both = "{'extend': 'reservation_duration=9', 'release': 'reason=client_left'}"
    assert shown(expired, "/holds/8/") == "hold 8 {}"
    assert shown(expired, "/holds/7/") == f"hold 7 {both}"


def test_form_is_restored_once_with_a_message(expired: Client) -> None:
    send(expired, "/look-up", client_name="Ada")
    sign_in(expired, "staff")
    assert shown(expired, "/look-up") == "saved client_name=Ada"
    assert shown(expired, "/look-up") == "empty"
    # The message is shown on the next page with messages; the pages of the small site have none.
    denied = expired.get("/audit/").content.decode()
    assert denied.count(BACK) == 1


def test_form_is_not_submitted_automatically(expired: Client) -> None:
    send(expired, "/holds/7/release", reason="client_left")
    answer = sign_in(expired, "staff", next="/holds/7/")
    assert answer["Location"] == "/holds/7/"
    assert b"did" not in expired.get("/holds/7/").content


def test_other_person_sees_nothing(expired: Client, colleague: User) -> None:
    send(expired, "/holds/new", client_name="Ada")
    sign_in(expired, "colleague", next="/holds/new")
    assert shown(expired, "/holds/new") == "empty"
    assert "Ada" not in str(expired.session.items())
    send(expired, "/accounts/logout/")
    sign_in(expired, "staff", next="/holds/new")
    assert shown(expired, "/holds/new") == "empty"


def test_secrets_and_generated_fields_are_not_saved(expired: Client) -> None:
    send(
        expired,
        "/look-up",
        uid="a-secret-uid",
        token="1",
        version="2",
        password="p",
        old_Password="p",
        client_name="Ada",
    )
    saved = expired.session[saved_forms.SESSION_KEY]
    assert [one["data"] for one in saved] == ["client_name=Ada"]


@pytest.mark.parametrize(
    "data", [{"uid": "a-secret-uid"}, {"note": "x" * (saved_forms.MAX_CHARACTERS + 1)}]
)
def test_no_session_without_input_to_save(expired: Client, data: dict[str, str]) -> None:
    before = Session.objects.count()
    send(expired, "/look-up", **data)
    assert Session.objects.count() == before


def test_no_session_for_an_unknown_browser(db: None, client: Client) -> None:
    client.post("/holds/new", {"client_name": "Ada"})
    assert Session.objects.count() == 0


def test_forged_cookie_is_ignored(client: Client, staff: User) -> None:
    client.cookies["holdfast_last_user"] = f"0123456789abcdef..{staff.pk}:1vXyzA:0123456789"
    client.post("/holds/new", {"client_name": "Ada"})
    assert Session.objects.count() == 0


def test_form_outlives_sign_out_in_another_tab(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    send(browser, "/accounts/logout/")
    answer = send(browser, "/holds/new", client_name="Ada")
    assert next_of(answer) == "/holds/new"
    assert "Ada" not in browser.get(LOGIN).content.decode()
    sign_in(browser, "staff")
    assert shown(browser, "/holds/new") == "saved client_name=Ada"


def test_sign_out_drops_saved_forms(expired: Client) -> None:
    send(expired, "/holds/new", client_name="Ada")
    sign_in(expired, "staff")
    send(expired, "/accounts/logout/")
    sign_in(expired, "staff")
    assert shown(expired, "/holds/new") == "empty"


def test_form_after_sign_out_is_restored_only_for_its_person(
    browser: Client, staff: User, colleague: User
) -> None:
    sign_in(browser, "staff")
    send(browser, "/accounts/logout/")
    send(browser, "/holds/new", client_name="Ada")
    sign_in(browser, "colleague")
    assert shown(browser, "/holds/new") == "empty"
    assert "Ada" not in str(browser.session.items())


def test_saved_form_expires_after_an_hour(expired: Client) -> None:
    send(expired, "/holds/new", client_name="Ada")
    session = expired.session
    assert 0 < session.get_expiry_age() <= saved_forms.MAX_AGE_SECONDS
    session[saved_forms.SESSION_KEY][0]["at"] -= saved_forms.MAX_AGE_SECONDS + 1
    session.save()
    sign_in(expired, "staff")
    assert shown(expired, "/holds/new") == "empty"


def test_sign_in_restores_the_session_lifetime(
    expired: Client, settings: pytest.FixtureRequest
) -> None:
    send(expired, "/holds/new", client_name="Ada")
    answer = sign_in(expired, "staff")
    assert answer.cookies["holdfast_session"]["max-age"] == settings.SESSION_COOKIE_AGE


def test_number_of_saved_forms_is_limited(
    expired: Client,
) -> None:
    for pk in range(saved_forms.MAX_FORMS + 3):
        send(expired, f"/holds/{pk}/release", reason="first")
        send(expired, f"/holds/{pk}/release", reason="second")
    saved = expired.session[saved_forms.SESSION_KEY]
    assert [(one["page"], one["data"]) for one in saved] == [
        (f"/holds/{pk}/", "reason=second") for pk in range(3, saved_forms.MAX_FORMS + 3)
    ]


def test_poll_does_not_consume_a_saved_form(expired: Client) -> None:
    send(expired, "/look-up", client_name="Ada")
    sign_in(expired, "staff")
    assert expired.get("/rows", headers={"HX-Request": "true"}).content == b"empty"
    assert shown(expired, "/look-up") == "saved client_name=Ada"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("head", {}),
        ("post", {}),
        ("get", {"Sec-Purpose": "prefetch"}),
        ("get", {"Sec-Purpose": "prefetch;prerender"}),
        ("get", {"HX-Request": "true", "HX-Request-Type": "partial"}),
    ],
    ids=["head", "post", "prefetch", "prerender", "part of a page"],
)
def test_only_a_full_page_view_consumes_a_saved_form(
    expired: Client, method: str, headers: dict[str, str]
) -> None:
    send(expired, "/holds/7/extend", reservation_duration="9")
    sign_in(expired, "staff")
    token = expired.cookies["holdfast_csrf"].value
    getattr(expired, method)("/holds/7/", headers={**headers, "X-CSRFToken": token})
    assert shown(expired, "/holds/7/") == "hold 7 {'extend': 'reservation_duration=9'}"


def test_forms_of_admin_pages_are_not_saved(browser: Client, superuser: User) -> None:
    sign_in(browser, "super")
    browser.get("/admin/dashboard/user/add/")
    expire(browser)
    answer = send(browser, "/admin/dashboard/user/add/", username="x", new_password="secret")
    assert next_of(answer) == "/admin/dashboard/user/add/"
    assert "holdfast_session" not in browser.cookies


def test_last_user_cookie_grants_nothing(browser: Client, staff: User) -> None:
    answer = sign_in(browser, "staff")
    cookie = answer.cookies["holdfast_last_user"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert timedelta(seconds=cookie["max-age"]) > timedelta(days=7)
    expire(browser)
    assert browser.get("/")["Location"] == f"{LOGIN}?next=/"
