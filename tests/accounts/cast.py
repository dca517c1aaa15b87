"""What the cast of this room does: sign in through the page, send forms, lose its session."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpResponse
from django.test import Client

from dashboard.accounts.models import User
from dashboard.accounts.people import add_person
from dashboard.accounts.roles import Role
from dashboard.audit.actor import Actor

PASSWORD = "correct horse 9"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LOGIN = "/accounts/login/"


def person(name: str, role: Role, *, superuser: bool = False) -> User:
    return add_person(
        username=name, role=role, password=PASSWORD, superuser=superuser, by=None, now=NOW
    )


def acting(user: User) -> Actor:
    return Actor(user=user, address="192.0.2.7", user_agent="test", request_id="r1")


def sign_in(browser: Client, name: str, password: str = PASSWORD, **data: str) -> HttpResponse:
    """Through the page, as people do."""
    browser.get(LOGIN)
    return send(browser, LOGIN, username=name, password=password, **data)


def send(browser: Client, address: str, **data: str) -> HttpResponse:
    """A form with its token."""
    token = browser.cookies["csrftoken"].value
    return browser.post(address, {**data, "csrfmiddlewaretoken": token})


def send_by_htmx(browser: Client, address: str, page: str, **data: str) -> HttpResponse:
    """The same form as htmx sends it from a page."""
    token = browser.cookies["csrftoken"].value
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    return browser.post(address, {**data, "csrfmiddlewaretoken": token}, headers=headers)


def expire(browser: Client) -> None:
    """The session is over; the other cookies stay."""
    del browser.cookies["sessionid"]
