"""Who was signed in here last: a signed cookie that outlives the session.

It opens nothing. When a form arrives after the session ended, it says whose typing that is,
so that it is shown again to that person and to nobody else. It stays after signing out, for
another tab may still have a form open.
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from dashboard.accounts.models import User

COOKIE = "who"
SALT = "dashboard.accounts.who"
LONGER_THAN_SESSION = timedelta(days=7)
SHARED = "+"  # after the key, once several people have signed in with this browser


def last_signed_in(request: HttpRequest) -> int | None:
    """The key of whoever is signed in, or else was signed in last in this browser."""
    if request.user.is_authenticated:
        return request.user.pk
    return _read(request)[0]


def is_shared(request: HttpRequest) -> bool:
    """Whether a page from before the last sign-in in this browser may be somebody else's."""
    return _read(request)[1]


def write(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Note who signed in, and whether somebody else did before."""
    before, shared = _read(request)
    shared = shared or before not in (None, user.pk)
    response.set_signed_cookie(
        COOKIE,
        f"{user.pk}{SHARED if shared else ''}",
        salt=SALT,
        max_age=_age(),
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[int | None, bool]:
    value = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=_age()) or ""
    pk = value.removesuffix(SHARED)
    return int(pk) if pk else None, value != pk


def _age() -> timedelta:
    return timedelta(seconds=settings.SESSION_COOKIE_AGE) + LONGER_THAN_SESSION
