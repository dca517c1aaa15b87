"""Signed cookie that names a browser and who has signed in with it. It outlives the session.

It grants no access. It tells who typed a form that arrives after the session ended, so that the
form is shown again to that person only, and it lets a person who has signed in with this browser
before past the limit that strangers at the same address have used up.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from dashboard.accounts.models import User

SALT = "dashboard.accounts.browser"
MAX_AGE = timedelta(days=180)
JUST_NOW = timedelta(seconds=20)
MAX_PEOPLE = 20
SIGNED_OUT = "out"


@dataclass(frozen=True, slots=True)
class Browser:
    """Content of the cookie; a browser without a valid one has no id and no people."""

    id: str = ""
    people: tuple[int, ...] = ()  # keys; the one who signed in last comes first
    signed_out: bool = False  # by the person, not by time

    def __str__(self) -> str:
        state = SIGNED_OUT if self.signed_out else ""
        return ".".join([self.id, state, *map(str, self.people)])


def browser_of(request: HttpRequest, max_age: timedelta = MAX_AGE) -> Browser:
    """Return what the cookie of this request says, if it was set at most ``max_age`` ago."""
    name = settings.LAST_USER_COOKIE_NAME
    value = request.get_signed_cookie(name, default="", salt=SALT, max_age=max_age)
    if not value:
        return Browser()
    browser_id, state, *people = value.split(".")
    return Browser(browser_id, tuple(map(int, people)), state == SIGNED_OUT)


def signed_in_just_now(request: HttpRequest) -> bool:
    """Return True if this browser signed in moments ago and has not signed out since."""
    browser = browser_of(request, max_age=JUST_NOW)
    return bool(browser.id) and not browser.signed_out


def last_signed_in(request: HttpRequest) -> int | None:
    """Return the key of the signed-in person, else of the last one in this browser."""
    if request.user.is_authenticated:
        return request.user.pk
    return next(iter(browser_of(request).people), None)


def is_shared_browser(request: HttpRequest) -> bool:
    return len(browser_of(request).people) > 1


def set_cookie(
    request: HttpRequest, response: HttpResponseBase, user: User, *, signed_out: bool = False
) -> None:
    """Store that this person has signed in, or signed out."""
    before = browser_of(request)
    others = [pk for pk in before.people if pk != user.pk]
    people = (user.pk, *others)[:MAX_PEOPLE]
    response.set_signed_cookie(
        settings.LAST_USER_COOKIE_NAME,
        str(Browser(before.id or secrets.token_hex(8), people, signed_out)),
        salt=SALT,
        max_age=MAX_AGE,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
