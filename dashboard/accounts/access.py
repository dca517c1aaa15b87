"""The gate: nobody passes but by a view's policy. What is unmarked is for Staff and Admins."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from dashboard.accounts import saved_forms
from dashboard.accounts.actors import actor_of
from dashboard.accounts.policy import Policy, admins_only, of_admin_site, policy_of, public
from dashboard.accounts.return_urls import page_behind
from dashboard.accounts.roles import is_admin, is_staff_member
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry

__all__ = ["GateMiddleware", "Policy", "admins_only", "policy_of", "public"]

DENIED_KEY = "denied"  # in the session: what was denied last, and when
SAME_DENIAL_SECONDS = 900
MOST_OF_PATH = 200


class GateMiddleware:
    """Asks every view's policy before it runs. Stands after sessions, sign-in and htmx."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> HttpResponse | None:
        policy = policy_of(view)
        if policy is Policy.PUBLIC:
            return None
        if not request.user.is_authenticated:
            return _sent_to_sign_in(request)
        allowed = is_admin if policy is Policy.ADMINS else is_staff_member
        return None if allowed(request.user) else _denied(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        """A view that refuses by itself answers like the gate, and is in the audit like it."""
        refused = isinstance(exc, PermissionDenied) and request.user.is_authenticated
        return _denied(request) if refused else None


def keep_typed(request: HttpRequest, page: str) -> bool:
    """Keep what a form sent, if it is a form of ours for Staff. False if nothing is kept."""
    match = request.resolver_match
    if match is None or request.method != "POST" or of_admin_site(match.func):
        return False
    if policy_of(match.func) is Policy.PUBLIC:
        return False
    return saved_forms.remember(request, page=page, posted_to=match.view_name, data=request.POST)


def sign_in_address(page: str) -> str:
    """Where to sign in so as to return to a page of ours."""
    query = QueryDict(mutable=True)
    query["next"] = page
    return f"{reverse('login')}?{query.urlencode(safe='/')}"


def _sent_to_sign_in(request: HttpRequest) -> HttpResponse:
    if SESSION_KEY in request.session:  # of somebody who was switched off
        request.session.flush()
    page = page_behind(request)
    keep_typed(request, page)
    answer = HttpResponseClientRedirect if HtmxDetails(request) else HttpResponseRedirect
    return answer(sign_in_address(page))


def _denied(request: HttpRequest) -> HttpResponse:
    if _is_news(request):
        trail.event(
            action=AuditEntry.Action.DENIED,
            by=actor_of(request),
            outcome=AuditEntry.Outcome.REFUSED,
            asked={"method": request.method, "path": request.path},
            now=timezone.now(),
        )
    template = "403.html" if is_staff_member(request.user) else "accounts/no_role.html"
    return render(request, template, status=403)


def _is_news(request: HttpRequest) -> bool:
    """Whether this denial is not the same as the last one here, a short while ago.

    A page that polls would otherwise fill the log, which nobody can empty, by itself.
    """
    asked, now = f"{request.method} {request.path}"[:MOST_OF_PATH], timezone.now().timestamp()
    last, at = request.session.get(DENIED_KEY, ("", 0))
    if asked == last and now - at < SAME_DENIAL_SECONDS:
        return False
    request.session[DENIED_KEY] = (asked, now)
    return True
