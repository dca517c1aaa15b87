"""Signed cookie with the last user of a browser, which outlives the session.

It grants nothing. It tells who typed a form that arrives after the session ended, so that the
form is shown again to that person only. It stays after signing out, because another tab may
still have a form open.
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from dashboard.accounts.models import User

COOKIE_NAME = "who"
SALT = "dashboard.accounts.who"
OUTLIVES_SESSION_BY = timedelta(days=7)
SHARED = "+"  # suffix of the key after several people have signed in with this browser


def last_signed_in(request: HttpRequest) -> int | None:
    """Return the key of the signed-in person, else of the last one in this browser."""
    if request.user.is_authenticated:
        return request.user.pk
    return read_cookie(request)[0]


def is_shared_browser(request: HttpRequest) -> bool:
    """Return True if several people have signed in with this browser."""
    return read_cookie(request)[1]


def set_cookie(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Store who signed in, and mark the browser as shared if it was another person before."""
    before, shared = read_cookie(request)
    shared = shared or before not in (None, user.pk)
    response.set_signed_cookie(
        COOKIE_NAME,
        f"{user.pk}{SHARED if shared else ''}",
        salt=SALT,
        max_age=max_age(),
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def read_cookie(request: HttpRequest) -> tuple[int | None, bool]:
    """Return the person's key and the shared mark; (None, False) without a valid cookie."""
    value = request.get_signed_cookie(COOKIE_NAME, default="", salt=SALT, max_age=max_age()) or ""
    pk = value.removesuffix(SHARED)
    return int(pk) if pk else None, value != pk


def max_age() -> timedelta:
    """Return the lifetime of the cookie."""
    return timedelta(seconds=settings.SESSION_COOKIE_AGE) + OUTLIVES_SESSION_BY
