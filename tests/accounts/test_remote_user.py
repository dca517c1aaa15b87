"""Sign-in by the proxy: whom it names, what it may change, and whom it does not reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, role_of
from dashboard.audit import timeline
from dashboard.audit.models import AuditEntry
from dashboard.edge.proxies import trusted_proxies
from tests.accounts.cast import LOGIN, send, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.slow  # details: the fast lane has test_sign_in

PROXY, STRANGER = "192.0.2.1", "198.51.100.9"
MAY_NOT = "who may not use Holdfast"


@pytest.fixture(autouse=True)
def by_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = trusted_proxies(PROXY)
    settings.REMOTE_USER_HEADER = "X-Forwarded-User"


@pytest.fixture
def by_groups(settings: Any) -> None:
    settings.REMOTE_GROUPS_HEADER = "X-Forwarded-Groups"
    settings.REMOTE_GROUPS = {"reception": "Staff", "leads": "Admins"}


def ask(
    browser: Client, user: str, groups: str = "", *, page: str = "/", peer: str = PROXY
) -> HttpResponse:
    """Open a page through the proxy."""
    given = {"X-Forwarded-User": user, "X-Forwarded-Groups": groups}
    headers = {name: value for name, value in given.items() if value}
    return browser.get(page, headers=headers, REMOTE_ADDR=peer)


def through_proxy(user: str) -> Client:
    """Return a browser whose requests all come through the proxy, under this name."""
    headers = {"X-Forwarded-User": user}
    return Client(enforce_csrf_checks=True, headers=headers, REMOTE_ADDR=PROXY)


def signed_in(browser: Client) -> str:
    """Return the user name of the session, "" without any."""
    user = User.objects.filter(pk=browser.session.get("_auth_user_id")).first()
    return user.username if user else ""


def test_named_person_is_signed_in_with_the_first_page(
    browser: Client, staff: User, story: Callable[[], Story]
) -> None:
    assert [ask(browser, "staff").status_code for _ in range(2)] == [200, 200]
    assert signed_in(browser) == "staff"
    assert story() == [("staff", "sign_in", "ok")]
    (line,) = timeline.lines_of(
        AuditEntry.objects.filter(action="sign_in").with_names(), now=timezone.now()
    )
    assert line.sentence == f"staff signed in, by the proxy; from {PROXY}"


def test_session_key_changes_with_the_sign_in(browser: Client, staff: User) -> None:
    browser.get(LOGIN, REMOTE_ADDR=PROXY)
    fixed = browser.session
    fixed["x"] = 1
    fixed.save()
    name = settings.SESSION_COOKIE_NAME
    before = browser.cookies[name].value if name in browser.cookies else ""
    ask(browser, "staff")
    assert browser.cookies[name].value != before


@pytest.mark.parametrize(
    ("header", "peer"),
    [
        ("X-Forwarded-User", STRANGER),
        ("X_Forwarded_User", STRANGER),
        ("X-Remote-User", PROXY),
        ("Remote-User", PROXY),
    ],
)
def test_header_counts_only_from_trusted_proxies(
    browser: Client, staff: User, story: Callable[[], Story], header: str, peer: str
) -> None:
    answer = browser.get("/", headers={header: "staff"}, REMOTE_ADDR=peer)
    assert (answer.status_code, answer["Location"]) == (302, f"{LOGIN}?next=/")
    assert story() == []


def test_header_of_a_stranger_in_front_of_the_proxy_is_the_proxys_to_replace(
    browser: Client, staff: User, story: Callable[[], Story]
) -> None:
    """Two headers arrive joined; neither counts."""
    answer = ask(browser, "admin,staff")
    assert answer.status_code == 302
    assert story() == [("admin,staff", "sign_in_failed", "refused")]


@pytest.mark.usefixtures("by_groups")
@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ("reception", Role.STAFF),
        ("other, reception", Role.STAFF),
        ("reception|leads", Role.ADMINS),
        ("leads;other", Role.ADMINS),
    ],
)
def test_unknown_person_with_a_mapped_group_is_added(
    browser: Client, groups: str, role: Role, story: Callable[[], Story], db: None
) -> None:
    assert ask(browser, "ada@example.org", groups).status_code == 200
    person = User.objects.get(username="ada@example.org")
    assert (role_of(person), person.has_usable_password()) == (role, False)
    added = AuditEntry.objects.get(action="person_added")
    assert (added.actor_name, added.reason, added.after["role"]) == ("system", "by_proxy", role)
    assert story() == [("ada@example.org", "sign_in", "ok")]


@pytest.mark.usefixtures("by_groups")
def test_person_whose_other_window_was_added_first_is_signed_in(
    browser: Client, monkeypatch: pytest.MonkeyPatch, story: Callable[[], Story], db: None
) -> None:
    def add_twice(**person: Any) -> User:
        monkeypatch.undo()
        people.add_person(**person)
        return people.add_person(**person)

    monkeypatch.setattr(people, "add_person", add_twice)
    assert ask(browser, "ada", "reception").status_code == 200
    assert story() == [("ada", "sign_in", "ok")]


@pytest.mark.usefixtures("by_groups", "admin")
def test_role_follows_the_groups_in_mid_session(
    browser: Client, staff: User, story: Callable[[], Story]
) -> None:
    roles = []
    for groups in ("reception", "reception, leads", "reception"):
        assert ask(browser, "staff", groups).status_code == 200
        roles.append(
            (ask(browser, "staff", groups, page="/audit/").status_code, signed_in(browser))
        )
    assert roles == [(403, "staff"), (200, "staff"), (403, "staff")]
    changes = AuditEntry.objects.filter(action="person_changed").order_by("id")
    told = [(entry.reason, entry.after["role"]) for entry in changes]
    assert told == [("by_proxy", "Admins"), ("by_proxy", "Staff")]


@pytest.mark.usefixtures("by_groups", "admin")
def test_person_who_left_all_groups_is_out_at_once(browser: Client, staff: User) -> None:
    ask(browser, "staff", "reception")
    answer = ask(browser, "staff", "visitors")
    assert (answer.status_code, signed_in(browser)) == (302, "")
    assert role_of(User.objects.get(pk=staff.pk)) == Role.NONE
    assert MAY_NOT in ask(browser, "staff", "visitors", page=LOGIN).content.decode()


@pytest.mark.usefixtures("by_groups")
def test_last_admin_stays_one(browser: Client, admin: User, story: Callable[[], Story]) -> None:
    assert ask(browser, "admin", "reception").status_code == 200
    assert role_of(User.objects.get(pk=admin.pk)) == Role.ADMINS
    assert story() == [("system", "person_changed", "refused"), ("admin", "sign_in", "ok")]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("not.known", "no_group"),
        ("deactivated", "deactivated"),
        ("<script>", "invalid_name"),
        ("staff, admin", "invalid_name"),
        ("x" * 151, "invalid_name"),
    ],
)
def test_refused_person_meets_the_sign_in_page_and_one_entry(
    browser: Client, name: str, code: str, staff: User, colleague: User
) -> None:
    people.change_person(
        person=colleague.pk, username="deactivated", is_active=False, by=None, now=timezone.now()
    )
    answers = [ask(browser, name) for _ in range(3)]
    assert [answer["Location"] for answer in answers] == [f"{LOGIN}?next=/"] * 3
    page = ask(browser, name, page=LOGIN).content.decode()
    assert MAY_NOT in page
    assert "<script>," not in page
    refused = AuditEntry.objects.filter(action="sign_in_failed")
    found = [(entry.error_code, entry.actor_name[:20]) for entry in refused]
    assert found == [(code, name[:20])]
    assert User.objects.count() == 2


def test_refused_person_enters_once_an_admin_has_added_them(browser: Client, db: None) -> None:
    assert ask(browser, "ada").status_code == 302
    people.add_person(username="Ada", role="Staff", by=None, now=timezone.now())
    assert ask(browser, "ada").status_code == 200


def test_other_name_ends_the_session_and_begins_another(
    staff: User, colleague: User, story: Callable[[], Story], browser: Client
) -> None:
    ask(browser, "staff")
    session = browser.session
    session["secret"] = "of staff"
    session.save()
    ask(browser, "colleague")
    assert (signed_in(browser), browser.session.get("secret")) == ("colleague", None)
    assert story() == [
        ("staff", "sign_in", "ok"),
        ("staff", "sign_out", "ok"),
        ("colleague", "sign_in", "ok"),
    ]


def test_form_of_the_person_before_does_nothing(staff: User, colleague: User) -> None:
    browser = through_proxy("staff")
    browser.get("/settings/")
    browser.defaults["HTTP_X_FORWARDED_USER"] = "colleague"
    answer = send(browser, "/settings/sign-out-everywhere")
    assert answer["Location"] == f"{LOGIN}?next=/settings/"
    assert not AuditEntry.objects.filter(action="sessions_ended").exists()


def test_missing_header_signs_out(browser: Client, staff: User, story: Callable[[], Story]) -> None:
    ask(browser, "staff")
    assert ask(browser, "")["Location"] == f"{LOGIN}?next=/"
    assert story()[-1] == ("staff", "sign_out", "ok")
    assert MAY_NOT not in ask(browser, "", page=LOGIN).content.decode()


def test_session_is_not_taken_along_past_the_proxy(browser: Client, staff: User) -> None:
    ask(browser, "staff")
    assert ask(browser, "staff", peer=STRANGER).status_code == 302


@pytest.mark.parametrize("name", ["", "not.known"])
def test_local_admin_enters_by_password(admin: User, name: str) -> None:
    browser = through_proxy(name)
    sign_in(browser, "admin")
    assert [browser.get("/audit/").status_code for _ in range(2)] == [200, 200]


def test_password_session_ends_when_the_proxy_names_the_next_person(
    admin: User, staff: User
) -> None:
    browser = through_proxy("not.known")
    sign_in(browser, "admin")
    browser.defaults["HTTP_X_FORWARDED_USER"] = "staff"
    assert (browser.get("/audit/").status_code, signed_in(browser)) == (403, "staff")


@pytest.mark.parametrize("address", ["", "/oauth2/sign_out", "https://auth.example.org/logout?a=1"])
@pytest.mark.parametrize("button", ["/accounts/logout/", "/settings/sign-out-everywhere"])
def test_sign_out_leads_to_the_proxy(staff: User, settings: Any, address: str, button: str) -> None:
    settings.REMOTE_SIGN_OUT_URL = address
    browser = through_proxy("staff")
    browser.get("/settings/")
    answer = send(browser, button)
    assert signed_in(browser) == ""
    if address:
        assert (answer.status_code, answer["Refresh"]) == (200, f"0; url={address}")
        assert f'href="{address}"' in answer.content.decode()
    else:
        assert answer["Location"] == LOGIN


def test_local_sign_out_does_not_lead_to_the_proxy(
    browser: Client, staff: User, settings: Any
) -> None:
    settings.REMOTE_SIGN_OUT_URL = "/oauth2/sign_out"
    sign_in(browser, "staff")
    assert send(browser, "/accounts/logout/")["Location"] == LOGIN


def test_without_the_setting_the_header_is_nothing(
    browser: Client, staff: User, settings: Any
) -> None:
    settings.REMOTE_USER_HEADER = ""
    assert ask(browser, "staff").status_code == 302
