"""Sessions end by time, and everywhere at once; what was typed is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from dashboard.accounts import last_user, people, sessions
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.audit import timeline
from dashboard.audit.models import AuditEntry
from tests.accounts.admin_pages import filled_form, page_of
from tests.accounts.cast import LOGIN, acting, person, send, send_by_htmx, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.slow  # details: the fast lane has test_sessions

IDLE_SECONDS = 12 * 3600
MAX_SECONDS = 7 * 24 * 3600
POLL = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}


def age(browser: Client, key: str, seconds: float) -> None:
    """Let the sign-in or the last act lie this much further in the past."""
    session = browser.session
    session[key] -= seconds
    session.save()


@pytest.fixture
def signed_in(browser: Client, staff: User) -> Client:
    sign_in(browser, "staff")
    return browser


@pytest.mark.parametrize(
    ("key", "seconds", "reason"),
    [
        (sessions.ACTIVE, IDLE_SECONDS - 60, ""),
        (sessions.ACTIVE, IDLE_SECONDS + 1, "idle"),
        (sessions.STARTED, MAX_SECONDS - 60, ""),
        (sessions.STARTED, MAX_SECONDS + 1, "signed_in_too_long"),
        (sessions.STARTED, 60 - MAX_SECONDS, ""),
        (sessions.STARTED, -MAX_SECONDS - 60, "signed_in_too_long"),
    ],
)
@pytest.mark.parametrize("headers", [{}, POLL], ids=["page", "poll"])
def test_session_ends_by_time_and_the_log_says_why(
    signed_in: Client, key: str, seconds: int, reason: str, headers: dict[str, str]
) -> None:
    age(signed_in, key, seconds)
    address = "/board" if headers else "/"
    answers = [signed_in.get(address, headers=headers) for _ in range(2)]
    away = [
        answer.headers.get("HX-Redirect") or answer.headers.get("Location") for answer in answers
    ]
    assert away == [f"{LOGIN}?next=/" if reason else None] * 2
    ends = AuditEntry.objects.filter(action="sign_out")
    assert [(entry.actor_name, entry.reason) for entry in ends] == [("staff", reason)] * bool(
        reason
    )


def test_screen_on_the_wall_stays_signed_in(browser: Client, db: None) -> None:
    person("screen", Role.WALLBOARD)
    sign_in(browser, "screen")
    for key in sessions.KEYS:
        age(browser, key, 2 * MAX_SECONDS)
    assert browser.get("/wallboard/rows").status_code == 200
    assert not AuditEntry.objects.filter(action="sign_out").exists()


@pytest.mark.parametrize("method", ["plain", "htmx"])
def test_typed_text_is_kept_when_the_session_ends_by_time(
    signed_in: Client, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_user, "JUST_NOW", timedelta(seconds=-1))  # the sign-in is long ago
    signed_in.get("/holds/new")
    age(signed_in, sessions.ACTIVE, IDLE_SECONDS + 1)
    if method == "plain":
        address = send(signed_in, "/holds/new", client_name="Ada")["Location"]
    else:
        sent = send_by_htmx(signed_in, "/holds/new", "/holds/new", client_name="Ada")
        address = sent["HX-Redirect"]
    assert address == f"{LOGIN}?next=/holds/new"
    page = signed_in.get(address).content.decode()
    assert "your session has ended" in page
    assert page.count("What you typed is kept") == 1
    sign_in(signed_in, "staff", next="/holds/new")
    assert 'value="Ada"' in signed_in.get("/holds/new").content.decode()


@pytest.mark.parametrize(
    ("act", "counts"),
    [
        (lambda browser: browser.get("/"), True),
        (lambda browser: browser.get("/", headers=POLL | {"HX-Boosted": "true"}), True),
        (lambda browser: send_by_htmx(browser, "/holds/new", "/holds/new", client_name=""), True),
        (lambda browser: browser.get("/board", headers=POLL), False),
        (lambda browser: browser.get("/warnings", headers=POLL), False),
        (lambda browser: browser.get(LOGIN), False),
    ],
    ids=["page", "followed link", "form", "board", "warnings", "sign-in page"],
)
def test_acts_prolong_a_session_and_polls_do_not(
    signed_in: Client, act: Callable[[Client], object], counts: bool
) -> None:
    age(signed_in, sessions.ACTIVE, IDLE_SECONDS - 60)
    before = signed_in.session[sessions.ACTIVE]
    act(signed_in)
    assert (signed_in.session[sessions.ACTIVE] > before + 3600) is counts


def test_second_act_within_a_minute_writes_nothing(signed_in: Client) -> None:
    signed_in.get("/")
    before = dict(signed_in.session)
    assert settings.SESSION_COOKIE_NAME not in signed_in.get("/").cookies
    assert dict(signed_in.session) == before


def test_own_sign_out_everywhere_ends_all_sessions(
    browser: Client, staff: User, colleague: User, story: Callable[[], Story]
) -> None:
    other, unconcerned = Client(), Client(enforce_csrf_checks=True)
    other.force_login(staff)
    sign_in(unconcerned, "colleague")
    sign_in(browser, "staff")
    assert "Sign out everywhere" in browser.get("/settings/").content.decode()
    answer = send(browser, "/settings/sign-out-everywhere")
    assert (answer.status_code, answer["Location"]) == (303, LOGIN)
    assert "signed out in all browsers" in browser.get(LOGIN).content.decode()
    statuses = [each.get("/").status_code for each in (browser, other, unconcerned)]
    assert statuses == [302, 302, 200]
    assert story()[-1] == ("staff", "sessions_ended", "ok")
    assert sign_in(browser, "staff").status_code == 302


def test_sign_out_everywhere_needs_a_post(signed_in: Client) -> None:
    assert signed_in.get("/settings/sign-out-everywhere").status_code == 405
    assert signed_in.get("/").status_code == 200


def test_admin_signs_a_person_out_everywhere(
    admins: Client, staff: User, story: Callable[[], Story]
) -> None:
    theirs = Client()
    theirs.force_login(staff)
    form = filled_form(staff)
    assert send(admins, page_of(staff), **form).status_code == 302
    assert theirs.get("/").status_code == 200
    assert send(admins, page_of(staff), **form | {"sign_out_everywhere": "on"}).status_code == 302
    assert theirs.get("/").status_code == 302
    assert story()[-1] == ("admin", "sessions_ended", "ok")
    ended = AuditEntry.objects.filter(action="sessions_ended").with_names()
    line = timeline.lines_of(ended, now=timezone.now())
    assert [each.sentence for each in line] == ["admin signed a person out everywhere: staff"]


@pytest.mark.usefixtures("staff", "colleague", "admin", "superuser")
@pytest.mark.parametrize(
    ("actor", "target", "refusal"),
    [
        ("admin", "super", people.SuperuserError),
        ("staff", "colleague", people.NotAdminError),
    ],
)
def test_others_are_signed_out_by_those_who_may(
    story: Callable[[], Story],
    actor: str,
    target: str,
    refusal: type[Exception],
) -> None:
    by, person = (User.objects.get(username=name) for name in (actor, target))
    with pytest.raises(refusal):
        sessions.end_all(person=person.pk, by=acting(by), now=timezone.now())
    person.refresh_from_db()
    assert person.sessions_ended == 0
    assert story() == [(actor, "sessions_ended", "refused")]
