"""The wallboard: a screen on the wall with a role of its own."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from dashboard.accounts.access import Policy, policy_of
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, role_of
from tests.accounts.cast import PASSWORD, person, sign_in
from tests.architecture.test_urls import PROTECTED, address
from tests.holds.factories import put
from tests.pages.calendar_rows import calendar, event_type
from tests.pages.desk import desk

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
OWN = {"wallboard", "wallboard-rows"}


@pytest.fixture
def screen() -> User:
    return person("screen", Role.WALLBOARD)


def test_screen_can_open_nothing_else(screen: User) -> None:
    browser = desk(screen)
    answers = {
        name: browser.get(address(name, parameters)).status_code
        for name, parameters, _view in PROTECTED
    }

    assert answers == {name: 200 if name in OWN else 403 for name, _, _ in PROTECTED}
    some = [view for view in PROTECTED if view[0] in OWN] + PROTECTED[::7]
    posts = {name: browser.post(address(name, words)) for name, words, _view in some}
    assert {name: answer.status_code for name, answer in posts.items()} == {
        name: 405 if name in OWN else 403 for name in posts
    }
    assert {name for name, _, view in PROTECTED if policy_of(view) is Policy.WALLBOARD} == OWN


def test_screen_is_led_to_the_wallboard(screen: User) -> None:
    browser = Client()

    assert sign_in(browser, "screen", next="/")["Location"] == "/wallboard"
    assert browser.get("/accounts/login/")["Location"] == "/wallboard"
    assert 'href="/wallboard"' in browser.get("/").content.decode()
    page = browser.get("/wallboard").content.decode()
    # No list of keyboard shortcuts either: what one of them opened would stay on the wall.
    assert ("js/shortcuts" in page, re.findall('href="(/holds/[^"]*)', page)) == (False, [])


def test_session_of_a_screen_is_renewed_by_its_poll(screen: User, staff: User) -> None:
    ends = {}
    for user, path in ((screen, "/wallboard/rows"), (staff, "/wallboard/rows")):
        browser = desk(user)
        browser.get(path)
        key = browser.cookies[settings.SESSION_COOKIE_NAME].value
        ends[user.username] = Session.objects.get(pk=key).expire_date - timezone.now()
        cookie = browser.get(path).cookies
        assert not cookie  # once a day

    assert ends["screen"] > timedelta(days=29)
    assert ends["staff"] < timedelta(days=8)


def test_holds_are_shown_soonest_end_first_without_clients(screen: User, staff: User) -> None:
    calendar("Dr Ada", event_type(101))
    put(staff, seconds=900, event_type_id=101, client_name="Grace")
    put(staff, seconds=300, event_type_id=102, client_name="Hedy", note="by the door")
    put(staff, seconds=-5, client_name="Ida")

    page = desk(screen).get("/wallboard").content.decode()

    rows = re.findall(r'<tr id="w.*?</tr>', page, re.DOTALL)
    assert ["Dr Ada" in row for row in rows] == [False, True]
    assert [word for word in ("Grace", "Hedy", "by the door", "Ida") if word in page] == []
    assert "2 live holds" in page


def test_client_names_are_shown_when_switched_on(screen: User, staff: User, settings: Any) -> None:
    put(staff, client_name="Grace", client_contact="grace@example.test")
    etag = desk(screen).get("/wallboard/rows")["ETag"]
    settings.WALLBOARD_CLIENT_NAMES = True

    page = desk(screen).get("/wallboard/rows", headers={"If-None-Match": etag})

    assert (page.status_code, "Grace" in page.content.decode()) == (200, True)
    assert "grace@example.test" not in page.content.decode()


def test_poll_without_news_has_no_body(screen: User, staff: User) -> None:
    put(staff)
    browser = desk(screen)
    etag = browser.get("/wallboard/rows")["ETag"]

    again = browser.get("/wallboard/rows", headers={"If-None-Match": etag})

    assert (again.status_code, again.content) == (304, b"")


def test_more_holds_than_fit_are_counted(screen: User, staff: User) -> None:
    for number in range(12):
        put(staff, seconds=600 + number)

    page = desk(screen).get("/wallboard").content.decode()

    assert (page.count('<tr id="w'), "and 2 more" in page) == (10, True)


def test_nothing_held_is_said(screen: User) -> None:
    assert "No hold is live at the moment." in desk(screen).get("/wallboard").content.decode()


def test_command_adds_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.management.commands.person.read_password", lambda: PASSWORD)

    call_command("person", "add", "wall", "--role", "Wallboard")

    assert role_of(User.objects.get(username="wall")) is Role.WALLBOARD
