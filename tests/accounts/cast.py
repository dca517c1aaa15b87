"""Create people and holds, and act in a browser: sign in, submit forms, lose the session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.accounts.people import audit_identity, audit_values
from dashboard.accounts.roles import Role
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold

PASSWORD = "correct horse 9"
NOW = datetime.now(UTC).replace(microsecond=0)  # so that retention keeps what people did
LOGIN = "/accounts/login/"


def person(name: str, role: Role, *, superuser: bool = False) -> User:
    """Add a person as ``add_person`` does, without its checks, which take twice as long."""
    user = User(username=name, is_superuser=superuser, date_joined=NOW)
    user.set_password(PASSWORD)
    with transaction.atomic(savepoint=False):
        user.save()
        if role:
            User.groups.through.objects.create(user=user, group=Group.objects.get(name=role))
        trail.event(
            action=AuditEntry.Action.PERSON_ADDED,
            by=None,
            asked=audit_identity(user),
            after=audit_values(user),
            now=NOW,
        )
    return user


def acting(user: User) -> Actor:
    return Actor(user=user, address="192.0.2.7", user_agent="Browser/1", request_id="r1")


def make_hold(holder: User, *, now: datetime | None = None, **fields: Any) -> Hold:
    """Create a hold of an hour tomorrow, held for 30 minutes from ``now``."""
    now = now or datetime.now(UTC)
    defaults = {
        "state": Hold.State.HELD,
        "event_type_id": 1,
        "event_type_title": "Consult 60",
        "slot_start": now + timedelta(days=1),
        "slot_end": now + timedelta(days=1, hours=1),
        "reservation_duration": 30,
        "held_until": now + timedelta(minutes=30),
        "reservation_uid": "only-for-tests",
        "created_at": now,
        "changed_at": now,
    }
    return Hold.objects.create(holder=holder, **defaults | fields)


def sign_in(browser: Client, name: str, password: str = PASSWORD, **data: str) -> HttpResponse:
    """Send the form of the sign-in, which a browser without its CSRF token opens first."""
    if "holdfast_csrf" not in browser.cookies:
        browser.get(LOGIN)
    return send(browser, LOGIN, username=name, password=password, **data)


def with_form_token(browser: Client, user: User) -> Client:
    """Sign in without the form, and set the CSRF token as a page with a form does."""
    browser.force_login(user)
    browser.cookies["holdfast_csrf"] = "t" * 32
    return browser


def send(browser: Client, address: str, **data: str) -> HttpResponse:
    """Submit a form with its CSRF token."""
    token = browser.cookies["holdfast_csrf"].value
    return browser.post(address, {**data, "csrfmiddlewaretoken": token})


def send_by_htmx(browser: Client, address: str, page: str, **data: str) -> HttpResponse:
    """Submit a form as htmx does from ``page``."""
    token = browser.cookies["holdfast_csrf"].value
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    return browser.post(address, {**data, "csrfmiddlewaretoken": token}, headers=headers)


def expire(browser: Client) -> None:
    """End the session; keep the other cookies."""
    del browser.cookies["holdfast_session"]
