"""Pages of this site to return to after signing in: no other site, and no POST-only address."""

from urllib.parse import quote, unquote, urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, get_script_prefix, resolve, reverse
from django.utils.http import MAX_URL_LENGTH, url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from dashboard.accounts.access import Policy, policy_of

# Addresses that take only a POST or answer with a fragment, and the page that contains them.
PAGE_OF = {
    "board-rows": "board",
    "board-calendar": "board",
    "wallboard-rows": "wallboard",
    "warnings": "board",
    "look-up-poll": "look-up",
    "place-times": "place",
    "hold-poll": "hold",
    "move-times": "hold-move",
    "move-poll": "hold-move",
    "release-poll": "release-many",
    "offer-poll": "offer",
    "hold-check": "hold",
    "hold-client": "hold",
    "hold-extend": "hold",
    "hold-put-aside": "hold",
    "hold-release": "hold",
    "hold-take-over": "hold",
    "offer-keep": "offer",
    "offer-new": "board",
    "clients": "place",
    "calendar-position": "calendar",
    "calendar-remove": "calendar",
    "audit-export": "audit",
    "audit-verify": "audit",
    "finding-put-aside": "audit-entry",
    "check-many": "board",
    "extend-many": "board",
    "keep-form": "board",
    "sign-out-everywhere": "settings",
}


def login_url(page: str) -> str:
    """Return the URL of the sign-in page that leads on to ``page``, without a query too long."""
    # The sign-in leads to no longer address.
    following = page if len(page) <= MAX_URL_LENGTH else urlsplit(page).path
    return f"{reverse('login')}?next={quote(following)}"


def return_url(request: HttpRequest) -> str:
    """Return the path of the page to show after signing in.

    That is the htmx page that sent the request, else the requested page or the form's page,
    else the board.
    """
    htmx = HtmxDetails(request)
    page = safe_page(request, htmx.current_url or "") if htmx else None
    if page is None and (match := request.resolver_match):
        if request.method in ("GET", "HEAD"):
            page = page_of(match, request.META.get("QUERY_STRING", ""))
        else:
            page = form_page(request, match)
    return page or reverse("board")


def safe_page(request: HttpRequest, address: str) -> str | None:
    """Return the path of the page of this site that an untrusted address names, or None.

    The address may be absolute or a path. The result is reversed from the URLconf; only the
    query is copied.
    """
    if not url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return None
    parts = urlsplit(address)
    path, prefix = unquote(parts.path), get_script_prefix()
    if not path.startswith(prefix):
        return None
    try:
        match = resolve(path.removeprefix(prefix.rstrip("/")))
    except Resolver404:
        return None
    return page_of(match, parts.query)


def page_of(match: ResolverMatch, query: str = "") -> str | None:
    """Return the path of the page that contains a resolved address; None for public addresses."""
    if policy_of(match.func) is Policy.PUBLIC:
        return None
    if name := PAGE_OF.get(match.view_name):
        return reverse(name, kwargs=match.kwargs)
    path = reverse(match.view_name, args=match.args, kwargs=match.kwargs)
    return f"{path}?{query}" if query else path


def form_page(request: HttpRequest, match: ResolverMatch) -> str | None:
    """Return the path of a submitted form's page, with the query it was opened with if known."""
    page = page_of(match)
    referer = safe_page(request, request.headers.get("Referer", ""))
    return referer if page and referer and urlsplit(referer).path == page else page
