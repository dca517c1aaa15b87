"""Middleware of the edge: trust, identify and harden every request and response.

``settings.MIDDLEWARE`` sets the order.
"""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.http.request import split_domain_port, validate_host
from django.template.loader import render_to_string

from dashboard.edge import diagnosis, health, log_format, proxies
from dashboard.edge.arrival import FORWARDED, arrival_of, is_browser_on_https
from dashboard.edge.forwarded import read_forwarding

WELL_FORMED_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
LONGEST_ADDRESS = 6500  # characters; proxies take 8 KiB for all headers together
UNUSED_FEATURES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
ISOLATION_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "X-Robots-Tag": "noindex, nofollow",
}
HEADERS_OF_PAGES = ("Content-Length", "Content-Security-Policy", "X-Frame-Options")


class EdgeRequest(HttpRequest):
    """Annotate the attributes that this middleware adds; Django creates the object."""

    environ: dict[str, Any]  # WSGI
    client_address: str  # as far as the proxies are trusted; "" on a unix socket
    from_trusted_proxy: bool
    arrived_host: str
    arrived_forwarded: dict[str, str]  # forwarded headers by CGI name, untrusted ones too
    forwarded_scheme: str  # as a trusted proxy reports it, or ""
    request_id: str


Handler = Callable[[EdgeRequest], HttpResponseBase]


def middleware(
    answer: Callable[[EdgeRequest, Handler], HttpResponseBase],
) -> Callable[..., Handler]:
    """Return a middleware factory, as Django expects, that answers with this function."""

    @wraps(answer)
    def factory(get_response: Handler) -> Handler:
        return lambda request: answer(request, get_response)

    return factory


@middleware
def no_body_for_head(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Answer HEAD without the body that views make, and with its length.

    Django leaves this to the server, and gunicorn logs a warning for each.
    https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2
    """
    response = get_response(request)
    if request.method == "HEAD" and isinstance(response, HttpResponse) and response.content:
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    return response


@middleware
def health_probes(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Answer the operator's probes before host checks, redirects and sign-in."""
    return health.PROBES.get(request.path_info, get_response)(request)


@middleware
def forwarded_headers(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Set ``client_address``, scheme and host; drop forwarded headers from untrusted peers."""
    meta, trusted = request.META, settings.TRUSTED_PROXIES
    peer = meta.get("REMOTE_ADDR", "")
    request.from_trusted_proxy = trusted.trust(peer)
    request.arrived_host = meta.get("HTTP_HOST", "")
    request.arrived_forwarded = {name: meta[name] for name in FORWARDED if name in meta}
    if not request.from_trusted_proxy:
        for name in request.arrived_forwarded:
            del meta[name]
    said = read_forwarding(meta)
    request.forwarded_scheme = said.scheme
    request.client_address = proxies.client_address(peer, said.chain, trusted)
    if said.scheme:
        request.environ["wsgi.url_scheme"] = said.scheme
    if not is_own_host(request.arrived_host) and is_own_host(said.host):
        meta["HTTP_HOST"] = said.host
    return get_response(request)


def is_own_host(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


@middleware
def request_id(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Set ``request.request_id``: a trusted proxy's id if it is well-formed, else a new one."""
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    accepted = request.from_trusted_proxy and WELL_FORMED_REQUEST_ID.fullmatch(given)
    request.request_id = given if accepted else uuid.uuid4().hex
    token = log_format.current_request_id.set(request.request_id)
    try:
        response = get_response(request)
    finally:
        log_format.current_request_id.reset(token)
    response["X-Request-Id"] = request.request_id
    return response


@middleware
def network_faults(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Log what proxies get wrong, from the first request on, whether it does harm or not yet."""
    if request.arrived_forwarded:
        diagnosis.log_faults(diagnosis.about_network(arrival_of(request), settings.PUBLIC_ADDRESS))
    return get_response(request)


@middleware
def clean_input(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Decode every form as UTF-8, the encoding of all pages, and drop unprintable cookies.

    Other encodings, which a client may name, can decode to text that no page can show. The server
    refuses control characters in cookies, but a quoted value may carry them in octal, and
    PostgreSQL fails on a session key with a NUL; no cookie of this site contains any.
    https://url.spec.whatwg.org/#application/x-www-form-urlencoded
    https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
    """
    request.encoding = "utf-8"
    cookies = request.COOKIES
    request.COOKIES = {name: text for name, text in cookies.items() if text.isprintable()}
    return get_response(request)


@middleware
def response_headers(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Keep pages from caches, search engines and other sites, and browser features from all pages.

    Pages contain personal data. Static files and some views say themselves how to cache them. A 304
    has no page, and not its length: https://www.rfc-editor.org/rfc/rfc9110#section-8.6
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Cross-Origin-Resource-Policy
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Permissions-Policy
    """
    response = get_response(request)
    response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        for name in HEADERS_OF_PAGES:
            response.headers.pop(name, None)
    else:
        for name, value in ISOLATION_HEADERS.items():
            response[name] = value
    return response


@middleware
def short_redirects(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Shorten a redirect whose query or path makes the headers too long for a proxy.

    nginx takes a machine whose answer it cannot read for broken. After one such request to each
    machine, it would ask none for ten seconds.
    """
    response = get_response(request)
    for name in {"Location", "HX-Redirect"} & response.headers.keys():
        if len(response.headers[name]) > LONGEST_ADDRESS:
            response.headers[name] = response.headers[name].partition("?")[0][:LONGEST_ADDRESS]
    return response


@middleware
def https_only(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Redirect to https where a trusted proxy reports http, unless that would never end.

    It would where the browser uses https already. Behind an untrusted proxy that ends TLS, http
    is all that Holdfast sees, so there nothing is redirected.
    """
    if request.forwarded_scheme != "http" or not settings.PUBLIC_ADDRESS.is_https:
        return get_response(request)
    if is_browser_on_https(request.META):
        return network_page(request, "scheme")
    url = settings.PUBLIC_ADDRESS.origin + request.get_full_path()
    return HttpResponseRedirect(url, preserve_request=True)  # not 301, which browsers remember


@middleware
def own_host(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Answer 400 to a foreign Host, and name the line to change in the log.

    Static files are served under any host: the page needs its styles.
    """
    try:
        request.get_host()
    except DisallowedHost:
        arrived = arrival_of(request)
        diagnosis.log_faults(diagnosis.about_host(arrived, settings.PUBLIC_ADDRESS))
        return network_page(request, "host")
    return get_response(request)


def network_page(request: EdgeRequest, cause: str) -> HttpResponse:
    """Return the page about a wrong network; without the request, which has no person yet."""
    shown = {"cause": cause, "public_url": settings.PUBLIC_ADDRESS, "id": request.request_id}
    response = HttpResponseBadRequest(render_to_string("errors/network.html", shown))
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log every one
    return response


@middleware
def method_not_allowed(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Render a page for Django's empty 405, and answer OPTIONS with the allowed methods.

    Stands after sign-in and language, which the page shows.
    https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7
    """
    response = get_response(request)
    if not isinstance(response, HttpResponseNotAllowed):
        return response
    if request.method == "OPTIONS":
        headers = {"Allow": f"{response['Allow']}, OPTIONS", "Content-Length": "0"}
        return HttpResponse(headers=headers)
    response.content = render_to_string("405.html", request=request)
    return response
