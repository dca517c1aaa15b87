"""Hostile requests to every route: forged forms, things of others, foreign fields, redirects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import Preferences, User
from dashboard.accounts.roles import Role
from dashboard.audit.models import AuditEntry
from dashboard.calendars.models import Calendar
from dashboard.holds.models import Hold, Offer
from dashboard.sandbox import Sandbox
from tests.accounts.admin_pages import filled_form
from tests.accounts.cast import PASSWORD, person
from tests.architecture.test_urls import PUBLIC, SAMPLES, VIEWS
from tests.holds.conftest import calcom, sandbox
from tests.holds.factories import put_ended
from tests.holds.verbs import LATER, place
from tests.pages.desk import wish

pytestmark = pytest.mark.slow  # hundreds of pages

__all__ = ["calcom", "sandbox"]
ROUTES = {name: words for name, words, _ in VIEWS if not name.endswith("None")}
PROBES = {"livez", "readyz"}  # answered before anything else
ADMIN_ROUTES = re.compile(r"audit|admin:|calendar|finding|hold-erase")
EVIL = "evil.example"
STORED: tuple[type[Model], ...] = (Hold, Offer, User, Calendar, Preferences)
STORED += (User.groups.through, Calendar.limited_people.through)
# Names of columns and keywords, which no form may set.
FOREIGN = dict(
    parse_qsl(
        "id=1&pk=1&made_by=1&state=released&version=7&uid=x&reservation_uid=x&ended_at=2001-01-01"
        "&held_until=2099-01-01T00:00&created_at=2001-01-01&event_type_title=x&is_superuser=on"
        "&superuser=on&is_staff=on&groups=1&user_permissions=1&password=pbkdf2$x&sessions_ended=9"
        "&date_joined=2001-01-01&actor_name=root&by=1&now=2001-01-01&address=9.9.9.9"
        "&created_by=1&board_calendar=9"
    )
)


@dataclass
class Desk:
    """Keep what ``staff`` has, and every path with the form that would change it."""

    hold: Hold
    keys: dict[str, int]
    forms: dict[str, dict[str, Any]]

    def path(self, name: str) -> str:
        key = self.keys.get(re.split("[:-]", name)[0], 1)
        key = self.keys.get(name, key)
        return reverse(name, kwargs={word: SAMPLES.get(word, str(key)) for word in ROUTES[name]})

    def form(self, name: str) -> dict[str, Any]:
        return self.forms.get(name, {})


@pytest.fixture
def desk(calcom: Sandbox, staff: User) -> Desk:
    offer = Offer.objects.create(created_at=timezone.now(), made_by=staff)
    hold = place(staff)
    Hold.objects.filter(pk=hold.pk).update(offer=offer)
    hold.refresh_from_db()
    ended = put_ended(staff, client_name="Grace")
    lost = put_ended(staff, "lost")
    calendar = Calendar.objects.create(
        kind="user", reference="ada", label="Ada", created_at=timezone.now()
    )
    staff.save_preferences(hold_minutes=7)
    again = {"version": hold.version}
    calendar_form = {"label": "Eve", "colour": "blue", "position": 3}
    keys = {"hold": hold.pk, "offer": offer.pk, "audit": AuditEntry.objects.latest("pk").pk}
    keys |= {"calendar": calendar.pk, "admin": staff.pk, "finding": keys["audit"]}
    keys |= {"hold-erase": ended.pk, "hold-put-aside": lost.pk}
    forms = {
        "place": wish(slot_start=LATER.isoformat(), offer=offer.pk),
        "hold-client": again | {"client_name": "Grace"},
        "hold-extend": again | {"reservation_duration": 30},
        "hold-move": again | {"slot_start": LATER.isoformat()},
        "hold-release": again | {"reason": "mistake"},
        "hold-take-over": again | {"reason": "absent"},
        "release-many": {"hold": hold.pk, f"version_{hold.pk}": hold.version, "sure": "yes"},
        "check-many": {"hold": hold.pk},
        "offer-new": {"hold": hold.pk},
        "offer-keep": {"hold": hold.pk, f"version_{hold.pk}": hold.version},
        "look-up": {"uid": hold.reservation_uid, "take": "yes"},
        "password": {"old_password": PASSWORD}
        | dict.fromkeys(("new_password1", "new_password2"), "another horse 8"),
        "settings": {"density": "dense", "hold_minutes": 9},
        "board-calendar": {"calendar": calendar.pk},
        "calendars": {"typed": "grace", "label": "Eve", "colour": "blue"},
        "calendar": calendar_form,
        "calendar-position": {"position": 9},
        "admin:dashboard_user_change": filled_form(staff, first_name="Eve", role="Admins"),
        "admin:dashboard_user_add": dict.fromkeys(
            ("new_password", "new_password_again"), "another horse 8"
        )
        | {"username": "eve", "role": "Admins", "is_active": "on"},
    }
    return Desk(hold, keys, forms)


def stored(*people: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row that a request could change, except these people's own preferences."""
    rows = {model.__name__: [*model._base_manager.order_by("pk").values()] for model in STORED}
    own = {*User.objects.filter(username__in=people).values_list("pk", flat=True)}
    rows["Preferences"] = [row for row in rows["Preferences"] if row["user_id"] not in own]
    return rows


def browser_of(user: User | None, *, checks: bool = False) -> Client:
    browser = Client(enforce_csrf_checks=checks, raise_request_exception=False)
    if user:
        browser.force_login(user)
    return browser


def leads_to(answer: HttpResponse) -> str:
    """Return every address that an answer leads to."""
    names = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Refresh")
    return " ".join(answer.headers.get(name, "") for name in names)


@pytest.mark.parametrize("forgery", ["no token", "another site", "hidden origin", "planted cookie"])
def test_forged_form_is_refused_everywhere(desk: Desk, admin: User, forgery: str) -> None:
    """An Admin's browser sends it, who may do everything."""
    browser = browser_of(admin, checks=True)
    token = "A" * 32
    planted = forgery == "planted cookie"
    if forgery != "no token":
        browser.cookies["holdfast_csrf"] = token
    origin = {"hidden origin": "null", "no token": "http://testserver"}
    headers = {"Origin": origin.get(forgery, f"http://{EVIL}")}
    written = AuditEntry.objects.exclude(action="searches_read")  # which an entry tells
    before, entries = stored(), written.count()
    taken = {}
    for name in ROUTES.keys() - PROBES:
        sent = desk.form(name) | {"csrfmiddlewaretoken": token}
        answer = browser.post(
            desk.path(name), sent, headers=headers | ({"HX-Request": "true"} if planted else {})
        )
        taken |= {name: answer.status_code} if answer.status_code != 403 else {}
    assert len(ROUTES) > 45
    assert taken == {}
    assert (stored(), AuditEntry.objects.count()) == (before, entries)


@pytest.mark.parametrize("who", ["anonymous", "no role", "screen", "colleague"])
def test_nothing_of_others_is_changed(desk: Desk, calcom: Sandbox, who: str) -> None:
    roles = {"no role": Role.NONE, "screen": Role.WALLBOARD, "colleague": Role.STAFF}
    user = person(who.replace(" ", "-"), roles[who]) if who in roles else None
    browser = browser_of(user)
    before, writes = stored(who), len(calcom.calls()) - len(calcom.calls("GET"))
    opened = set()
    own = {"logout", "sign-out-everywhere", "password", "place", "login"}
    for name in ROUTES.keys() - PROBES - own:
        for method in ("get", "post"):
            answer = getattr(browser, method)(desk.path(name), desk.form(name))
            assert answer.status_code < 500, (name, method)
            if answer.status_code == 200:
                opened.add(name)
    assert stored(who) == before
    assert len(calcom.calls()) - len(calcom.calls("GET")) == writes
    if who == "colleague":
        assert {name for name in opened if ADMIN_ROUTES.match(name)} == set()
        assert len(opened) > 15
    else:
        allowed = {"wallboard", "wallboard-rows"} if who == "screen" else set()
        assert opened - PUBLIC == allowed


def test_reading_changes_nothing(desk: Desk, calcom: Sandbox, admin: User) -> None:
    browser = browser_of(admin)
    written = AuditEntry.objects.exclude(action="searches_read")  # which an entry tells
    before, entries = stored(), written.count()
    for name in ROUTES.keys() - PROBES:
        query = desk.form(name) | {"_method": "POST"}
        for headers in ({"HX-Request": "true"}, {"X-HTTP-Method-Override": "POST"}):
            assert browser.get(desk.path(name), query, headers=headers).status_code < 500, name
    assert stored() == before
    assert written.count() == entries
    assert [call.method for call in calcom.calls() if call.method != "GET"] == ["POST"]


@pytest.mark.parametrize("who", ["anonymous", "admin"])
@pytest.mark.parametrize("htmx", [False, True])
def test_no_answer_leads_to_another_site(desk: Desk, admin: User, who: str, htmx: bool) -> None:
    browser = browser_of(admin if who == "admin" else None)
    headers = {"Referer": f"http://{EVIL}/", "X-Forwarded-Host": EVIL, "X-Forwarded-Prefix": "//e"}
    if htmx:
        headers |= {"HX-Request": "true", "HX-Current-URL": f"http://{EVIL}/"}
    sent = {"next": f"//{EVIL}", "url": f"http://{EVIL}", "tab": f"/\\{EVIL}", "q": f"//{EVIL}"}
    sent |= {"day": f"//{EVIL}", "then": f"//{EVIL}", "path": f"javascript:{EVIL}"}
    away = {}
    for name in sorted(
        ROUTES.keys() - PROBES, key=lambda name: name.endswith(("out", "everywhere"))
    ):
        answers = [browser.get(desk.path(name), sent, headers=headers)]
        answers.append(browser.post(desk.path(name), desk.form(name) | sent, headers=headers))
        for answer in answers:
            target = re.sub(r"\?\S*", "", leads_to(answer))  # in a query of Holdfast it is text
            away |= {name: target} if EVIL in target or target.startswith("//") else {}
    assert away == {}


def test_foreign_fields_set_nothing(desk: Desk, calcom: Sandbox, staff: User, admin: User) -> None:
    mine, theirs = browser_of(staff), browser_of(admin)
    hold = desk.hold
    foreign = FOREIGN | {"holder": admin.pk, "user": admin.pk, "actor": admin.pk}

    def send(browser: Client, name: str) -> int:
        return browser.post(desk.path(name), foreign | desk.form(name)).status_code

    del desk.forms["place"]["offer"]
    assert send(mine, "place") == 303
    new = Hold.objects.latest("created_at")
    assert (new.holder, new.state, new.version, new.event_type_title, new.ended_at) == (
        *(staff, "held", hold.version, hold.event_type_title, None),
    )
    assert new.reservation_uid not in ("x", "")
    assert send(mine, "hold-extend") == 303
    extended = Hold.objects.get(pk=hold.pk)
    assert (extended.holder, extended.state, extended.reservation_duration) == (staff, "held", 15)
    assert extended.held_until.year != 2099
    assert send(mine, "settings") == 303
    kept = Preferences.objects.get(hold_minutes=9)
    assert (kept.user, kept.board_calendar) == (staff, None)
    assert send(theirs, "calendars") in (303, 422)
    assert send(theirs, "calendar") == 303
    changed = Calendar.objects.get(pk=desk.keys["calendar"])
    assert (changed.label, changed.created_by) == ("Eve", None)
    for name in ("admin:dashboard_user_add", "admin:dashboard_user_change"):
        assert send(theirs, name) == 302
    for user in User.objects.filter(username__in=("eve", "staff")):
        assert (user.is_superuser, user.is_staff) == (False, False)
        assert user.date_joined.year > 2001
        assert [group.name for group in user.groups.all()] == ["Admins"]
        assert not user.password.startswith("pbkdf2")
    entries = AuditEntry.objects.exclude(actor=None)
    assert {entry.address for entry in entries} <= {"127.0.0.1", "192.0.2.7"}
    by = {entry.action: entry.actor_name for entry in entries}
    assert (by["place"], by["extend"], by["person_added"]) == ("staff", "staff", "admin")
