"""A desk: somebody signed in, with forms sent as pages send them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client

from dashboard.accounts.models import User
from tests.holds.cast import CONSULT, MONDAY


def desk(user: User) -> Client:
    """A browser of its own, signed in."""
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def wish(**more: Any) -> dict[str, Any]:
    """A filled form of a new hold."""
    return {
        "event_type_id": CONSULT,
        "slot_start": MONDAY.isoformat(),
        "reservation_duration": 15,
        "client_name": "Grace",
        **more,
    }


def ask(browser: Client, **more: Any) -> HttpResponse:
    return browser.post("/holds/new", wish(**more))
