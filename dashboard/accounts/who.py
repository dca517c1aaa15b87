"""Who was signed in here last: a signed cookie that outlives the session.

It opens nothing. When a form arrives after the session ended, it says whose typing that is,
so that it is shown again to that person and to nobody else.
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from dashboard.accounts.models import User

COOKIE = "who"
SALT = "dashboard.accounts.who"
LONGER_THAN_SESSION = timedelta(days=7)


def last_signed_in(request: HttpRequest) -> int | None:
    """The key of whoever is signed in, or else was signed in last in this browser."""
    if request.user.is_authenticated:
        return request.user.pk
    value = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=_age())
    return int(value) if value else None


def write(response: HttpResponse, user: User) -> None:
    """Note who signed in."""
    response.set_signed_cookie(
        COOKIE,
        str(user.pk),
        salt=SALT,
        max_age=_age(),
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> None:
    """Forget it: somebody signed out on purpose."""
    response.delete_cookie(COOKIE, path=settings.SESSION_COOKIE_PATH, samesite="Lax")


def _age() -> timedelta:
    return timedelta(seconds=settings.SESSION_COOKIE_AGE) + LONGER_THAN_SESSION
