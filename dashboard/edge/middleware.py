"""Middleware of the edge: trust, identify and harden every request and response.

``settings.MIDDLEWARE`` sets the order.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponsePermanentRedirect,
)
from django.template.loader import render_to_string

from dashboard.edge import health, log_format, proxies

WELL_FORMED_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
UNUSED_FEATURES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
ISOLATION_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
}


class EdgeRequest(HttpRequest):
    """Annotate the attributes that this middleware adds; Django creates the object."""

    environ: dict[str, Any]  # WSGI
    client_address: str  # as far as the proxies are trusted; "" on a unix socket
    from_trusted_proxy: bool
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
    """Set ``client_address`` and the scheme; drop forwarded headers from untrusted peers.

    Plain http redirects to https only if a trusted proxy reports http: behind an untrusted
    proxy that ends TLS the redirect would loop.
    """
    trusted = settings.TRUSTED_PROXIES
    peer = request.META.get("REMOTE_ADDR", "")
    request.from_trusted_proxy = trusted.trust(peer)
    if not request.from_trusted_proxy:
        proxies.drop_forwarded_headers(request.META, peer)
    chain = request.META.get("HTTP_X_FORWARDED_FOR", "")
    request.client_address = proxies.client_address(peer, chain, trusted)
    scheme = proxies.forwarded_scheme(request.META.get("HTTP_X_FORWARDED_PROTO", ""))
    if scheme:
        request.environ["wsgi.url_scheme"] = scheme
    if scheme == "http" and settings.PUBLIC_ADDRESS.is_https:
        url = settings.PUBLIC_ADDRESS.origin + request.get_full_path()
        return HttpResponsePermanentRedirect(url)
    return get_response(request)


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
def isolation_headers(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Keep responses from other sites, and browser features from all pages.

    A 304 omits the headers: the browser keeps those of the response it has.
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Cross-Origin-Resource-Policy
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Permissions-Policy
    """
    response = get_response(request)
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        for name, value in ISOLATION_HEADERS.items():
            response[name] = value
    return response


@middleware
def no_store(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Forbid caching of pages, which contain personal data, unless the view sets a policy.

    Static files are answered before this and stay cacheable.
    """
    response = get_response(request)
    response.headers.setdefault("Cache-Control", "no-store")
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
