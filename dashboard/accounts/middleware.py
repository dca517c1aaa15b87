"""Middleware that needs the signed-in person: access control, language and time zone."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from dashboard.accounts import saved_forms, sessions
from dashboard.accounts.access import Policy, policy_of
from dashboard.accounts.actors import actor_of
from dashboard.accounts.models import Preferences, User
from dashboard.accounts.return_urls import login_url, return_url
from dashboard.audit import trail
from dashboard.audit.trail import Action, Outcome
from dashboard.edge.middleware import EdgeRequest, Handler, middleware
from dashboard.localization import time_zones

LAST_DENIAL_KEY = "denied"  # in the session: (method and path, seconds since 1970)
REPEATED_DENIAL_SECONDS = 900
MAX_DENIED_PATH = 200  # characters


class AccessMiddleware:
    """Enforce the access policy of every view. Stands after sessions, sign-in and htmx."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: EdgeRequest) -> HttpResponseBase:
        sessions.end_if_expired(request, now=timezone.now())
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> HttpResponse | None:
        policy, user = policy_of(view), request.user
        if policy is Policy.PUBLIC:
            return None
        if not isinstance(user, User):
            return redirect_to_login(request)
        if request.headers.get("Holdfast-User") not in (None, str(user.pk)):
            return HttpResponseClientRedirect(return_url(request))  # the poll of another's page
        sessions.touch(request, now=timezone.now())
        return None if getattr(user, policy) else deny(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """Answer and log a view's own PermissionDenied like a denial by policy."""
        refused = isinstance(exc, PermissionDenied) and request.user.is_authenticated
        return deny(request) if refused else None


def redirect_to_login(request: HttpRequest) -> HttpResponse:
    """Save a submitted form, and redirect to sign-in and from there back to the page."""
    if SESSION_KEY in request.session:  # of a deactivated person
        request.session.flush()
    page = return_url(request)
    page = saved_forms.save_post(request, page) or page
    redirect = HttpResponseClientRedirect if HtmxDetails(request) else HttpResponseRedirect
    return redirect(login_url(page))


def deny(request: HttpRequest) -> HttpResponse:
    """Answer 403 to a signed-in person; log it unless it repeats the last denial."""
    by = actor_of(request)
    if not repeats_last_denial(request):
        trail.event(
            action=Action.DENIED,
            by=by,
            outcome=Outcome.REFUSED,
            error_code="denied",
            asked={"method": request.method, "path": request.path},
            now=timezone.now(),
        )
    template = "403.html" if by.user.may_see_holds else "accounts/no_role.html"
    return render(request, template, status=403)


def repeats_last_denial(request: HttpRequest) -> bool:
    """Compare with the last denial of this session, and remember this one if it differs.

    Without this a denied page that polls would fill the audit log.
    """
    asked, now = f"{request.method} {request.path}"[:MAX_DENIED_PATH], timezone.now().timestamp()
    last, at = request.session.get(LAST_DENIAL_KEY, ("", 0))
    # Without abs(), denials would be hidden for as long as a clock was set back.
    if asked == last and abs(now - at) < REPEATED_DENIAL_SECONDS:
        return True
    request.session[LAST_DENIAL_KEY] = (asked, now)
    return False


@middleware
def localization(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Activate the person's own language and time zone for the request.

    Stands after sign-in and after LocaleMiddleware, which activates the browser's language.
    Without a (known) time zone of their own people get the office's, which is ``TIME_ZONE``.
    """
    if not isinstance(request.user, User):
        return get_response(request)
    preferences = request.user.preferences
    language = language_of(request, preferences)
    zone = time_zones.load(preferences.time_zone)
    with translation.override(language), timezone.override(zone):
        response = get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def language_of(request: HttpRequest, preferences: Preferences) -> str:
    """Return the person's language if it is (still) supported, else the best of the browser's."""
    if translation.check_for_language(preferences.language):
        return preferences.language
    return translation.get_language_from_request(request)
