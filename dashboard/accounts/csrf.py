"""When a form's token does not fit: say what happened, and keep what was typed."""

from enum import StrEnum

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import (
    REASON_BAD_ORIGIN,
    REASON_BAD_REFERER,
    REASON_INSECURE_REFERER,
    REASON_MALFORMED_REFERER,
    REASON_NO_CSRF_COOKIE,
    REASON_NO_REFERER,
)
from django.shortcuts import render
from django.urls import reverse

from dashboard.accounts.access import keep_typed
from dashboard.accounts.last_user import is_shared
from dashboard.accounts.policy import Policy, policy_of
from dashboard.accounts.return_urls import page_behind

ABOUT_ORIGIN = tuple(
    reason.partition("%s")[0]
    for reason in (
        REASON_BAD_ORIGIN,
        REASON_BAD_REFERER,
        REASON_INSECURE_REFERER,
        REASON_MALFORMED_REFERER,
        REASON_NO_REFERER,
    )
)


class Cause(StrEnum):
    """Why a form was not taken, as far as the person can do something about it."""

    ELSEWHERE = "elsewhere"  # sent by another site, or a proxy hides our address from us
    COOKIE = "cookie"  # the browser sent no cookie
    STALE = "stale"  # the page is older than the last sign-in in this browser


def failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403: Django calls this instead of the view, with its own ``reason``."""
    cause = _cause(reason)
    page = _page(request)
    # A stale page may be another person's, who was signed in here before.
    of_one = _same_origin(request) and not is_shared(request)
    kept = of_one and keep_typed(request, page)
    context = {"cause": cause, "page": page, "kept": kept}
    return render(request, "accounts/csrf.html", context, status=403)


def _cause(reason: str) -> Cause:
    if reason.startswith(ABOUT_ORIGIN):
        return Cause.ELSEWHERE
    return Cause.COOKIE if reason == REASON_NO_CSRF_COOKIE else Cause.STALE


def _page(request: HttpRequest) -> str:
    """The page to open again; for whoever is not signed in and wanted to, the sign-in page."""
    match = request.resolver_match
    is_public = match is not None and policy_of(match.func) is Policy.PUBLIC
    if is_public and not request.user.is_authenticated:
        return reverse("login")
    return page_behind(request)


def _same_origin(request: HttpRequest) -> bool:
    """Whether the browser itself says that the form stood on a page of ours."""
    own = f"{request.scheme}://{request.get_host()}"
    said = request.headers.get("Origin") or request.headers.get("Referer", "")
    return said == own or said.startswith(f"{own}/")
