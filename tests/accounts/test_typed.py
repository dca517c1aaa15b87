"""What was typed survives the end of a session, for the same person, once, and is never sent."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts import people, saved_forms
from dashboard.accounts.models import User
from tests.accounts.cast import LOGIN, expire, send, send_by_htmx, sign_in

pytestmark = pytest.mark.usefixtures("small_site")

BACK = "Not saved yet. What you typed is back in the form."


def shown(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def next_of(answer: HttpResponse) -> str:
    address = answer.headers.get("HX-Redirect") or answer["Location"]
    return parse_qs(urlsplit(address).query)["next"][0]


@pytest.fixture
def at_the_phone(browser: Client, staff: User) -> Client:
    """Somebody of the staff whose session has just ended, with a page still open."""
    sign_in(browser, "staff")
    browser.get("/holds/new")
    expire(browser)
    return browser


def test_a_plain_form_comes_back_after_signing_in(at_the_phone: Client) -> None:
    answer = send(at_the_phone, "/holds/new", client_name="Ada & Co", note="called at nine")
    page = next_of(answer)
    assert page == "/holds/new"
    answer = sign_in(at_the_phone, "staff", next=page)
    assert (answer.status_code, answer["Location"]) == (302, "/holds/new")
    answer = at_the_phone.get("/holds/new")
    assert answer.content.decode() == "typed client_name=Ada+%26+Co&note=called+at+nine"


def test_a_form_under_htmx_comes_back_on_the_page_that_held_it(at_the_phone: Client) -> None:
    answer = send_by_htmx(at_the_phone, "/holds/7/extend", "/holds/7/?a=1", minutes="9")
    page = next_of(answer)
    assert page == "/holds/7/?a=1"
    sign_in(at_the_phone, "staff", next=page)
    assert shown(at_the_phone, page) == "hold 7 {'extend': 'minutes=9'}"


def test_it_comes_back_to_who_was_switched_off_by_mistake(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    people.change_person(person=staff.pk, is_active=False, by=None, now=timezone.now())
    send(browser, "/holds/new", note="called at nine")
    people.change_person(person=staff.pk, is_active=True, by=None, now=timezone.now())
    assert sign_in(browser, "staff", next="/holds/new").status_code == 302
    assert shown(browser, "/holds/new") == "typed note=called+at+nine"


def test_each_form_of_a_page_gets_its_own_back(at_the_phone: Client) -> None:
    send(at_the_phone, "/holds/7/extend", reservation_duration="9")
    send(at_the_phone, "/holds/7/release", reason="client_left")
    sign_in(at_the_phone, "staff")
    both = "{'extend': 'reservation_duration=9', 'release': 'reason=client_left'}"
    assert shown(at_the_phone, "/holds/8/") == "hold 8 {}"
    assert shown(at_the_phone, "/holds/7/") == f"hold 7 {both}"


def test_it_is_shown_once_and_with_a_word_about_it(at_the_phone: Client) -> None:
    send(at_the_phone, "/look-up", client_name="Ada")
    sign_in(at_the_phone, "staff")
    assert shown(at_the_phone, "/look-up") == "typed client_name=Ada"
    assert shown(at_the_phone, "/look-up") == "empty"
    # The message waits for the next page that shows messages; the stub pages show none.
    denied = at_the_phone.get("/audit/").content.decode()
    assert denied.count(BACK) == 1


def test_nothing_is_sent_by_itself(at_the_phone: Client) -> None:
    send(at_the_phone, "/holds/7/release", reason="client_left")
    answer = sign_in(at_the_phone, "staff", next="/holds/7/")
    assert answer["Location"] == "/holds/7/"
    assert b"did" not in at_the_phone.get("/holds/7/").content


def test_another_person_who_signs_in_there_sees_nothing_of_it(
    at_the_phone: Client, colleague: User
) -> None:
    send(at_the_phone, "/holds/new", client_name="Ada")
    sign_in(at_the_phone, "colleague", next="/holds/new")
    assert shown(at_the_phone, "/holds/new") == "empty"
    assert "Ada" not in str(at_the_phone.session.items())
    send(at_the_phone, "/accounts/logout/")
    sign_in(at_the_phone, "staff", next="/holds/new")
    assert shown(at_the_phone, "/holds/new") == "empty"


def test_secrets_and_what_the_page_made_itself_are_not_kept(at_the_phone: Client) -> None:
    send(
        at_the_phone,
        "/look-up",
        uid="a-secret-uid",
        token="1",
        version="2",
        password="p",
        old_Password="p",
        client_name="Ada",
    )
    kept = at_the_phone.session[saved_forms.SESSION_KEY]
    assert [one["data"] for one in kept] == ["client_name=Ada"]


@pytest.mark.parametrize(
    "data", [{"uid": "a-secret-uid"}, {"note": "x" * (saved_forms.MOST_CHARACTERS + 1)}]
)
def test_nothing_worth_keeping_makes_no_session(at_the_phone: Client, data: dict[str, str]) -> None:
    before = Session.objects.count()
    send(at_the_phone, "/look-up", **data)
    assert Session.objects.count() == before


def test_who_was_never_signed_in_here_makes_no_session(db: None, client: Client) -> None:
    client.post("/holds/new", {"client_name": "Ada"})
    assert Session.objects.count() == 0


def test_a_forged_cookie_is_nobody(client: Client, staff: User) -> None:
    client.cookies["who"] = f"{staff.pk}:1vXyzA:0123456789"
    client.post("/holds/new", {"client_name": "Ada"})
    assert Session.objects.count() == 0


def test_a_form_in_one_tab_outlives_signing_out_in_another(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    send(browser, "/accounts/logout/")
    answer = send(browser, "/holds/new", client_name="Ada")
    assert next_of(answer) == "/holds/new"
    assert "Ada" not in browser.get(LOGIN).content.decode()
    sign_in(browser, "staff")
    assert shown(browser, "/holds/new") == "typed client_name=Ada"


def test_signing_out_ends_what_was_kept_before(at_the_phone: Client) -> None:
    send(at_the_phone, "/holds/new", client_name="Ada")
    sign_in(at_the_phone, "staff")
    send(at_the_phone, "/accounts/logout/")
    sign_in(at_the_phone, "staff")
    assert shown(at_the_phone, "/holds/new") == "empty"


def test_nobody_else_gets_what_was_sent_after_signing_out(
    browser: Client, staff: User, colleague: User
) -> None:
    sign_in(browser, "staff")
    send(browser, "/accounts/logout/")
    send(browser, "/holds/new", client_name="Ada")
    sign_in(browser, "colleague")
    assert shown(browser, "/holds/new") == "empty"
    assert "Ada" not in str(browser.session.items())


def test_it_is_forgotten_after_an_hour(at_the_phone: Client) -> None:
    send(at_the_phone, "/holds/new", client_name="Ada")
    session = at_the_phone.session
    assert 0 < session.get_expiry_age() <= saved_forms.KEPT_SECONDS
    session[saved_forms.SESSION_KEY][0]["at"] -= saved_forms.KEPT_SECONDS + 1
    session.save()
    sign_in(at_the_phone, "staff")
    assert shown(at_the_phone, "/holds/new") == "empty"


def test_the_session_has_its_usual_length_again_after_signing_in(
    at_the_phone: Client, settings: pytest.FixtureRequest
) -> None:
    send(at_the_phone, "/holds/new", client_name="Ada")
    answer = sign_in(at_the_phone, "staff")
    assert answer.cookies["sessionid"]["max-age"] == settings.SESSION_COOKIE_AGE


def test_only_the_last_few_forms_are_kept_and_of_one_form_the_last_content(
    at_the_phone: Client,
) -> None:
    for pk in range(saved_forms.MOST_FORMS + 3):
        send(at_the_phone, f"/holds/{pk}/release", reason="first")
        send(at_the_phone, f"/holds/{pk}/release", reason="second")
    kept = at_the_phone.session[saved_forms.SESSION_KEY]
    assert [(one["page"], one["data"]) for one in kept] == [
        (f"/holds/{pk}/", "reason=second") for pk in range(3, saved_forms.MOST_FORMS + 3)
    ]


def test_a_poll_does_not_use_it_up(at_the_phone: Client) -> None:
    send(at_the_phone, "/look-up", client_name="Ada")
    sign_in(at_the_phone, "staff")
    assert at_the_phone.get("/rows", headers={"HX-Request": "true"}).content == b"empty"
    assert shown(at_the_phone, "/look-up") == "typed client_name=Ada"


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
def test_only_a_page_that_somebody_sees_uses_it_up(
    at_the_phone: Client, method: str, headers: dict[str, str]
) -> None:
    send(at_the_phone, "/holds/7/extend", reservation_duration="9")
    sign_in(at_the_phone, "staff")
    token = at_the_phone.cookies["csrftoken"].value
    getattr(at_the_phone, method)("/holds/7/", headers={**headers, "X-CSRFToken": token})
    assert shown(at_the_phone, "/holds/7/") == "hold 7 {'extend': 'reservation_duration=9'}"


def test_the_admin_pages_are_asked_for_again_without_what_was_typed(
    browser: Client, superuser: User
) -> None:
    sign_in(browser, "super")
    browser.get("/admin/dashboard/user/add/")
    expire(browser)
    answer = send(browser, "/admin/dashboard/user/add/", username="x", new_password="secret")
    assert next_of(answer) == "/admin/dashboard/user/add/"
    assert "sessionid" not in browser.cookies


def test_the_cookie_says_who_and_opens_nothing(browser: Client, staff: User) -> None:
    answer = sign_in(browser, "staff")
    cookie = answer.cookies["who"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert timedelta(seconds=cookie["max-age"]) > timedelta(days=7)
    expire(browser)
    assert browser.get("/")["Location"] == f"{LOGIN}?next=/"
