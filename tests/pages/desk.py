"""Signed-in browsers, and the form of a new hold as its page sends it."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

from dashboard.accounts.models import User
from tests.holds.verbs import CONSULT, MONDAY


def desk(user: User) -> Client:
    """Return a new browser signed in as this person."""
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def wish(**more: Any) -> dict[str, Any]:
    """Return the fields of a new hold."""
    return {
        "event_type_id": CONSULT,
        "slot_start": MONDAY.isoformat(),
        "reservation_duration": 15,
        "client_name": "Grace",
        **more,
    }


def ask(browser: Client, **more: Any) -> HttpResponse:
    """Send the form of a new hold."""
    return browser.post("/holds/new", wish(**more))


def page_of(answer: HttpResponse) -> str:
    """Return the address of the page that an answer redirects to, or that it is under htmx."""
    assert answer.status_code == (200 if answer.request.get("HTTP_HX_REQUEST") else 303), answer
    return answer.headers.get("Location") or answer.headers["HX-Push-Url"]


def markup(page: HttpResponse) -> str:
    """Return a page's markup on one line, without spaces beside tags."""
    text = re.sub(r"\s+", " ", page.content.decode())
    return re.sub(r" ?([<>]) ?", r"\1", text)
