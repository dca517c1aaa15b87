"""Look up reservations that the register does not know, and add them to the board."""

import re

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import lookup
from dashboard.holds.models import Hold
from dashboard.holds.new_holds import ClientDetails
from tests.accounts.cast import acting


def look_up(browser: Client, uid: str, **more: str) -> HttpResponse:
    return browser.post("/look-up", {"uid": uid, **more})


def key_of(page: HttpResponse) -> str:
    """Return what the page has in the place of the uid."""
    [tag] = re.findall(r'<input[^>]*name="find"[^>]*>', page.content.decode())
    return re.findall(r'value="(\w+)"', tag)[0]


def take_in(user: User, uid: str, *typed: str) -> Hold:
    client, now = ClientDetails(*typed), timezone.now()
    taken = lookup.take_in(uid=uid, by=acting(user), client=client, now=now)
    assert taken is not None
    return taken.hold
