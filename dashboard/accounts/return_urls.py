"""Our own pages as places to return to: never another site's, never one that only takes a POST."""

from urllib.parse import unquote, urlsplit

from django.http import HttpRequest
from django.urls import (
    NoReverseMatch,
    Resolver404,
    ResolverMatch,
    get_script_prefix,
    resolve,
    reverse,
)
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from dashboard.accounts.policy import Policy, policy_of

# Addresses that are no page by themselves (they only take a POST, or answer with a part of one),
# and the page that they belong to.
PAGE_OF = {
    "board-rows": "board",
    "warnings": "board",
    "hold-check": "hold",
    "hold-extend": "hold",
    "hold-release": "hold",
    "hold-take-over": "hold",
    "offer-keep": "offer",
    "offer-new": "board",
    "check-many": "board",
}


def own_page(request: HttpRequest, address: str) -> str | None:
    """The page of ours that an address means, spelt by us; None for everything else.

    The address may be absolute or a path, from anybody. Only its query is taken over as it is.
    """
    if not url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return None
    parts = urlsplit(address)
    try:
        match = resolve(_inside(unquote(parts.path)))
    except Resolver404:
        return None
    return page_of(match, parts.query)


def page_of(match: ResolverMatch, query: str = "") -> str | None:
    """The page that shows what a resolved address stands for; None if nobody returns there."""
    if policy_of(match.func) is Policy.PUBLIC:
        return None
    name = PAGE_OF.get(match.view_name)
    try:
        if name:
            return reverse(name, kwargs=match.kwargs)
        path = reverse(match.view_name, args=match.args, kwargs=match.kwargs)
    except NoReverseMatch:
        return None
    return f"{path}?{query}" if query else path


def page_behind(request: HttpRequest) -> str:
    """The page that a request came from or asks for: where to return after signing in."""
    return _page_of_htmx(request) or _page_of_form(request) or reverse("board")


def _page_of_htmx(request: HttpRequest) -> str | None:
    htmx = HtmxDetails(request)
    current = htmx.current_url if htmx else None
    return own_page(request, current) if current else None


def _page_of_form(request: HttpRequest) -> str | None:
    match = request.resolver_match
    if match is None:
        return None
    if request.method in ("GET", "HEAD"):
        return page_of(match, request.META.get("QUERY_STRING", ""))
    page = page_of(match)
    came_from = own_page(request, request.headers.get("Referer", ""))
    # The form's page again, with the query that it was opened with.
    return came_from if page and came_from and urlsplit(came_from).path == page else page


def _inside(path: str) -> str:
    """The path below our prefix, as the URLconf knows it."""
    prefix = get_script_prefix()
    return path.removeprefix(prefix.rstrip("/")) if path.startswith(prefix) else ""
