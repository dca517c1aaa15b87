"""Time limits of sessions, and the end of all sessions of a person.

A session ends after SESSION_IDLE_MINUTES without an act of the person, and SESSION_MAX_HOURS after
the sign-in in any case. The polls of an open page are no acts.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.db.models import F
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from dashboard.accounts.actors import Actor, actor_of
from dashboard.accounts.models import User
from dashboard.accounts.people import check_superuser, recorded_change
from dashboard.audit import trail
from dashboard.audit.trail import Action

# Keys of the session, with seconds since 1970.
STARTED = "signed_in_at"
ACTIVE = "active_at"
KEYS = (STARTED, ACTIVE)
TOUCH_SECONDS = 60  # between two writes of ACTIVE


def begin(request: HttpRequest, *, now: datetime) -> None:
    """Start the time limits of a session whose person has just signed in."""
    request.session[STARTED] = request.session[ACTIVE] = now.timestamp()


def touch(request: HttpRequest, *, now: datetime) -> None:
    """Note an act of the signed-in person, at most once a minute."""
    seconds = now.timestamp()
    if STARTED not in request.session:  # from before there were limits
        begin(request, now=now)
    elif is_act(request) and abs(seconds - request.session[ACTIVE]) > TOUCH_SECONDS:
        request.session[ACTIVE] = seconds


def is_act(request: HttpRequest) -> bool:
    """Return False for what an open page asks by itself: a GET by htmx that is no followed link."""
    htmx = HtmxDetails(request)
    return request.method not in ("GET", "HEAD") or not htmx or htmx.boosted


def end_if_expired(request: HttpRequest, *, now: datetime) -> None:
    user = request.user
    if isinstance(user, User) and (reason := expiry(request, user, now=now)):
        end(request, reason=reason, now=now)


def end(request: HttpRequest, *, reason: str, now: datetime) -> None:
    """Sign the person out, and record why the system does so."""
    trail.event(action=Action.SIGN_OUT, by=actor_of(request), reason=reason, now=now)
    logout(request)


def expiry(request: HttpRequest, user: User, *, now: datetime) -> str:
    """Return the audit log's reason why this person's session is over, "" while it lasts.

    A screen on the wall stays signed in for as long as it polls (``pages.wallboard``).
    """
    if user.is_wallboard or STARTED not in request.session:
        return ""
    ages = {key: timedelta(seconds=now.timestamp() - request.session[key]) for key in KEYS}
    # Without abs(), a session from before the local clock was set back would last too long.
    if abs(ages[STARTED]) > timedelta(hours=settings.SESSION_MAX_HOURS):
        return "signed_in_too_long"
    return "idle" if ages[ACTIVE] > timedelta(minutes=settings.SESSION_IDLE_MINUTES) else ""


def end_all(*, person: int, by: Actor | None, now: datetime) -> None:
    """End all sessions of the person with this primary key: one's own, or as an Admin.

    Raises User.DoesNotExist, and PeopleError.
    """
    target = User.objects.get(pk=person)
    with recorded_change(Action.SESSIONS_ENDED, target, by, now, may_be_own=True) as record:
        check_superuser(target, by)
        User.objects.filter(pk=person).update(sessions_ended=F("sessions_ended") + 1)
        record()
