"""A person's own password: the page, what it refuses, and its audit entries."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts import people, sessions, throttling
from dashboard.accounts.models import SignInAttempts, User
from dashboard.audit.models import AuditEntry
from dashboard.edge.proxies import trusted_proxies
from tests.accounts.cast import LOGIN, PASSWORD, send, send_by_htmx, sign_in, with_form_token

PAGE = "/accounts/password/"
NEW, SET = "another horse 8", "a third horse 9"
LINK = f'href="{PAGE}"'
PROXY = "192.0.2.1"


def change(
    browser: Client, old: str = PASSWORD, new: str = NEW, again: str = "", *, htmx: bool = False
) -> HttpResponse:
    fields = {"old_password": old, "new_password1": new, "new_password2": again or new}
    if htmx:
        return send_by_htmx(browser, PAGE, PAGE, **fields)
    return send(browser, PAGE, **fields)


def entries() -> list[tuple[str, str, str]]:
    """Return who changed passwords, and how it ended."""
    changes = AuditEntry.objects.filter(action="password_changed").order_by("id")
    return list(changes.values_list("actor_name", "outcome", "error_code"))


@pytest.mark.parametrize("htmx", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_new_password_ends_other_sessions_only(browser: Client, staff: User, htmx: bool) -> None:
    other = Client()
    other.force_login(staff)
    sign_in(browser, "staff")
    assert LINK in browser.get("/settings/").content.decode()
    answer = change(browser, htmx=htmx)
    assert (answer.status_code, answer["Location"]) == (303, "/settings/")
    assert "Your password is changed." in browser.get("/settings/").content.decode()
    assert other.get("/")["Location"] == f"{LOGIN}?next=/"
    assert [sign_in(Client(), "staff", word).status_code for word in (PASSWORD, NEW)] == [422, 302]
    entry = AuditEntry.objects.get(action="password_changed")
    assert (entry.actor, entry.outcome) == (staff, "ok")
    assert entry.asked == {"person": staff.pk, "username": "staff"}


REFUSED = {
    ("wrong", NEW, NEW): {"old_password": ["This is not your password. Capital letters count."]},
    (PASSWORD, NEW, "other"): {"new_password2": ["The two passwords are not the same."]},
    (PASSWORD, "short 1", ""): {
        "new_password1": [
            "This password is too short. It must contain at least 10 characters.",
        ]
    },
    ("", NEW, NEW): {"old_password": ["Fill in this field."]},
    ("a\0b", NEW, NEW): {"old_password": ["A character in it cannot be stored. Type it anew."]},
}


def test_refusals_stand_beside_their_field(browser: Client, staff: User) -> None:
    with_form_token(browser, staff)
    for (old, new, again), errors in REFUSED.items():
        for htmx in (False, True):
            answer = change(browser, old, new, again, htmx=htmx)
            assert (answer.status_code, answer.context["form"].errors) == (422, errors)
            page = answer.content.decode()
            assert "Not saved. Fix the highlighted fields." in page
            assert re.search(r"<title[^>]*>\s*Error:", page)
            assert [word for word in (PASSWORD, NEW, "short 1") if f'"{word}"' in page] == []
    assert entries() == [("staff", "refused", "wrong_password")] * 2
    assert min(SignInAttempts.objects.values_list("count", flat=True)) == 2  # only those count
    assert change(browser).status_code == 303


@pytest.mark.parametrize("end", ["password", "sessions"])
def test_session_that_ended_meanwhile_sets_no_password(
    browser: Client, staff: User, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    def reset(_attempt: throttling.Attempt) -> None:
        if end == "password":
            people.set_password(person=staff.pk, password=SET, by=None, now=timezone.now())
        else:
            sessions.end_all(person=staff.pk, by=None, now=timezone.now())

    with_form_token(browser, staff)
    monkeypatch.setattr(throttling, "reset", reset)
    answer = change(browser)
    assert (answer.status_code, answer["Location"]) == (303, "/settings/")
    assert browser.get("/")["Location"] == f"{LOGIN}?next=/"
    staff.refresh_from_db()
    assert staff.check_password(SET if end == "password" else PASSWORD)
    assert entries()[-1] == ("staff", "refused", "session_ended")


@pytest.mark.slow  # details, as those of test_throttling
def test_wrong_passwords_wait_as_at_the_sign_in(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    for _ in range(throttling.FREE_ATTEMPTS):
        assert change(browser, "wrong").status_code == 422
    of_browser = SignInAttempts.objects.filter(count=throttling.FREE_ATTEMPTS)
    of_browser.update(wait_until=timezone.now() + throttling.MAX_WAIT)
    for _ in range(2):
        answer = change(browser)
        assert (answer.status_code, 0 < int(answer["Retry-After"]) <= 300) == (429, True)
        assert "Your password was not checked." in answer.content.decode()
    assert [code for *_, code in entries()] == [
        *["wrong_password"] * throttling.FREE_ATTEMPTS,
        "too_many_guesses",
    ]
    assert sign_in(Client(), "staff").status_code == 302  # elsewhere nothing was tried


@pytest.mark.slow  # details, as those of test_remote_user
@pytest.mark.parametrize("case", ["by the proxy", "no password"])
def test_page_is_for_people_with_a_password_of_their_own(
    browser: Client, staff: User, settings: pytest.FixtureRequest, case: str
) -> None:
    with_form_token(browser, staff)
    if case == "by the proxy":
        settings.TRUSTED_PROXIES = trusted_proxies(PROXY)
        settings.REMOTE_USER_HEADER = "X-Forwarded-User"
        browser.defaults |= {"HTTP_X_FORWARDED_USER": "STAFF", "REMOTE_ADDR": PROXY}
        browser.get("/")  # signs in
    else:
        User.objects.filter(pk=staff.pk).update(password="!")
        browser.force_login(User.objects.get(pk=staff.pk))
    before = User.objects.get(pk=staff.pk).password
    assert LINK not in browser.get("/settings/").content.decode()
    assert [browser.get(PAGE).status_code, change(browser).status_code] == [403, 403]
    assert User.objects.get(pk=staff.pk).password == before
