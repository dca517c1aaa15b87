"""CSRF failure page: tell the person what happened, and save the form if that is safe."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_CSRF_TOKEN_MISSING, REASON_NO_CSRF_COOKIE
from django.shortcuts import render
from django.urls import reverse

from dashboard.accounts.access import Policy, policy_of
from dashboard.accounts.last_user import is_shared_browser
from dashboard.accounts.return_urls import return_url
from dashboard.accounts.roles import is_admin
from dashboard.accounts.saved_forms import save_post
from dashboard.edge import diagnosis
from dashboard.edge.arrival import arrival_of

# Beginnings of Django's reasons about another site.
ORIGIN_REASONS = ("Origin checking failed", "Referer checking failed")


def failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403. Django calls this instead of the view, with its own ``reason``."""
    page = page_to_reopen(request)
    # In a shared browser a stale page may belong to the person who was signed in before.
    saved = is_same_origin(request) and not is_shared_browser(request) and save_post(request, page)
    arrived = arrival_of(request)
    faults = diagnosis.diagnose(arrived, settings.PUBLIC_ADDRESS)
    diagnosis.log_faults(faults)
    cause = cause_of(request, reason)
    context: dict[str, Any] = {"cause": cause, "page": saved or page, "kept": saved}
    if is_admin(request.user):  # the others get plain words, and the operator has the log
        context |= {"arrived": diagnosis.rows(arrived), "faults": faults}
    return render(request, "accounts/csrf.html", context, status=403)


def cause_of(request: HttpRequest, reason: str) -> str:
    """Return the cause by what the person can do about it, for the template."""
    if request.headers.get("Origin") == "null":
        return "hidden"  # the browser does not say where the form was
    if reason.startswith(ORIGIN_REASONS):
        return "elsewhere"  # sent by another site, or a proxy changes the public address
    if reason == REASON_NO_CSRF_COOKIE:
        return "cookie"  # the browser sent no cookie
    if reason == REASON_CSRF_TOKEN_MISSING:
        return "incomplete"  # the form arrived without its content, or without the end
    return "stale"  # the page is older than the last sign-in in this browser


def page_to_reopen(request: HttpRequest) -> str:
    """Return the path of the form's page; of the sign-in page for a failed sign-in."""
    match = request.resolver_match
    is_public = match is not None and policy_of(match.func) is Policy.PUBLIC
    if is_public and not request.user.is_authenticated:
        return reverse("login")
    return return_url(request)


def is_same_origin(request: HttpRequest) -> bool:
    """Return True if the browser itself reports that the form was on a page of this site."""
    own = f"{request.scheme}://{request.get_host()}"
    said = request.headers.get("Origin") or request.headers.get("Referer", "")
    return said == own or said.startswith(f"{own}/")
