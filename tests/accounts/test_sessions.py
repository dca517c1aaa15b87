"""Ended sessions: effective with the next request, polls included, and for good."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import Morsel

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, PASSWORD, send, sign_in

POLLS = ["/board", "/warnings"]
NEW = "another horse 8"


def poll(browser: Client, address: str) -> tuple[int, str]:
    """Return the status and the HX-Redirect of a poll."""
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/holds/new"}
    answer = browser.get(address, headers=page)
    if answer.status_code != 304:
        assert b"<tr" not in answer.content
    return answer.status_code, answer.headers.get("HX-Redirect", "")


def new_password(person: int) -> None:
    people.set_password(person=person, password=NEW, by=None, now=timezone.now())


def deactivate(person: int) -> None:
    people.change_person(person=person, is_active=False, by=None, now=timezone.now())


def promote(person: int) -> None:
    people.change_person(person=person, role="Admins", by=None, now=timezone.now())


def take_role(person: int) -> None:
    people.change_person(person=person, role="", by=None, now=timezone.now())


def test_the_page_of_another_person_is_told_nothing(staff: User, admin: User) -> None:
    """Sign in later in another tab: what is refused to that person is no denial in the log."""
    browser = Client()
    sign_in(browser, "staff")
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/audit/"}
    for address in [*POLLS, "/audit/news"]:
        answer = browser.get(address, headers=page | {"Holdfast-User": str(admin.pk)})
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/audit/")
        assert not answer.content
    assert not AuditEntry.objects.filter(action=AuditEntry.Action.DENIED).exists()
    own = browser.get("/board", headers=page | {"Holdfast-User": str(staff.pk)})
    assert b'id="board"' in own.content


@pytest.mark.parametrize("end", [new_password, deactivate, promote, take_role])
def test_next_poll_of_an_ended_session_redirects_to_sign_in(
    staff: User, end: Callable[[int], None]
) -> None:
    browsers = {address: Client(enforce_csrf_checks=True) for address in POLLS}
    for address, browser in browsers.items():
        sign_in(browser, "staff")
        assert poll(browser, address) == (200, "")
    end(staff.pk)
    for address, browser in browsers.items():
        assert poll(browser, address) == (200, f"{LOGIN}?next=/holds/new")


def test_activation_does_not_revive_sessions(staff: User) -> None:
    """Keep the session cookies: the browsers send no request in between."""
    browsers = [Client(enforce_csrf_checks=True) for _ in range(2)]
    for browser in browsers:
        sign_in(browser, "staff")
    deactivate(staff.pk)
    people.change_person(person=staff.pk, is_active=True, by=None, now=timezone.now())
    for browser in browsers:
        assert browser.get("/")["Location"] == f"{LOGIN}?next=/"
        assert sign_in(browser, "staff").status_code == 302
        assert browser.get("/").status_code == 200
    people.change_person(person=staff.pk, first_name="Stan", by=None, now=timezone.now())
    assert [browser.get("/").status_code for browser in browsers] == [200, 200]


@pytest.mark.parametrize("address", POLLS)
def test_poll_without_role_is_denied(staff: User, address: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    take_role(staff.pk)
    sign_in(browser, "staff")
    assert poll(browser, address) == (403, "")


def test_former_admin_signs_in_again_and_is_denied(admin: User, browser: Client) -> None:
    sign_in(browser, "admin")
    assert browser.get("/audit/").status_code == 200
    people.add_person(username="other", role="Admins", password=NEW, by=None, now=timezone.now())
    people.change_person(person=admin.pk, role="Staff", by=None, now=timezone.now())
    pages = ("/", "/audit/", "/admin/dashboard/user/")
    assert [browser.get(page).status_code for page in pages] == [302, 302, 302]
    sign_in(browser, "admin")
    assert [browser.get(page).status_code for page in pages] == [200, 403, 403]


def test_other_changes_of_a_person_end_no_session(staff: User, browser: Client) -> None:
    sign_in(browser, "staff")
    people.change_person(
        person=staff.pk, first_name="Stan", role="Staff", by=None, now=timezone.now()
    )
    assert browser.get("/").status_code == 200


@pytest.mark.usefixtures("staff", "colleague")
@pytest.mark.parametrize("change", [None, new_password, promote])
@pytest.mark.parametrize("second", ["staff", "colleague"])
def test_each_sign_in_has_a_new_session_key(
    staff: User, browser: Client, change: Callable[[int], None] | None, second: str
) -> None:
    """An old key, such as one planted before, opens nothing from the sign-in on."""
    planted = Client()
    planted.session.save()
    browser.cookies["holdfast_session"] = planted.cookies["holdfast_session"].value
    keys = [browser.session.session_key]
    sign_in(browser, "staff")
    keys.append(browser.session.session_key)
    if change:
        change(staff.pk)
    else:
        send(browser, "/accounts/logout/")
    password = NEW if change is new_password and second == "staff" else PASSWORD
    assert sign_in(browser, second, password).status_code == 302
    keys.append(browser.session.session_key)
    assert len({*keys}) == 3
    for key in keys[:2]:
        thief = Client()
        thief.cookies["holdfast_session"] = str(key)
        assert thief.get("/")["Location"] == f"{LOGIN}?next=/"


def test_stolen_cookie_is_useless_after_sign_out(staff: User, browser: Client) -> None:
    browser.get(LOGIN)
    sign_in(browser, "staff")
    stolen: Morsel[str] = browser.cookies["holdfast_session"]
    thief = Client()
    thief.cookies["holdfast_session"] = stolen.value
    assert thief.get("/").status_code == 200
    send(browser, "/accounts/logout/")
    thief.cookies["holdfast_session"] = stolen.value
    assert thief.get("/")["Location"] == f"{LOGIN}?next=/"


def test_session_data_is_gone_for_the_next_person(
    staff: User, colleague: User, browser: Client
) -> None:
    """Deactivate a person who never signs out."""
    sign_in(browser, "staff")
    session = browser.session
    session["found"] = {"a-number": "a-secret-uid"}
    session.save()
    deactivate(staff.pk)
    assert browser.get("/").status_code == 302
    sign_in(browser, "colleague")
    assert browser.session["_auth_user_id"] == str(colleague.pk)
    assert "found" not in browser.session
