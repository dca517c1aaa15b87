"""Tell ``manage.py proxy_check`` what arrived of the requests that it sends to PUBLIC_URL."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import TypedDict

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse

from dashboard.edge.arrival import arrival_of
from dashboard.edge.middleware import EdgeRequest, Handler, middleware

PATH = "/proxy-check"
SALT = "dashboard.edge.echo"
MAX_AGE_SECONDS = 60
PAUSE_SECONDS = 1.0


class Ticket(TypedDict):
    """Wish of the command, which alone can sign it. Any process takes it for a minute."""

    id: str
    status: int
    in_parts: bool


def new_ticket(*, status: int = 200, in_parts: bool = False) -> str:
    """Return a signed ticket for a query string."""
    ticket = Ticket(id=secrets.token_hex(8), status=status, in_parts=in_parts)
    return signing.dumps(ticket, salt=SALT)


def take_ticket(text: str) -> Ticket | None:
    """Return the content of a ticket that is young; None for any other."""
    try:
        ticket: Ticket = signing.loads(text, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    return ticket


@middleware
def proxy_check(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Answer a request with a ticket before host checks and redirects, which may be what fails."""
    if not request.path_info.endswith(PATH):  # a wrong proxy may have put more in front
        return get_response(request)
    ticket = take_ticket(request.GET.get("ticket", ""))
    return echo(request, ticket) if ticket else get_response(request)


def echo(request: EdgeRequest, ticket: Ticket) -> HttpResponseBase:
    """Return what arrived as JSON, or in two parts with a pause between them."""
    if ticket["in_parts"]:
        return StreamingHttpResponse(two_parts(), content_type="text/plain")
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    found = {
        "ticket": ticket["id"],
        "answer": secrets.token_hex(8),
        "arrived": asdict(arrival_of(request)),
        "request_id": request.META.get("HTTP_X_REQUEST_ID", ""),
        "user": request.headers.get(settings.REMOTE_USER_HEADER or "-", ""),
        "has_cookies": all(name in request.COOKIES for name in names),
        "body": hashlib.sha256(request.body).hexdigest(),
    }
    response = JsonResponse(found, status=ticket["status"])
    response.headers["Content-Length"] = str(len(response.content))  # some caches need it
    response._has_been_logged = True  # type: ignore[attr-defined]  # an error only for the proxy
    return response


def not_found(_request: HttpRequest) -> HttpResponseBase:
    """Answer a request without a valid ticket."""
    raise Http404


def two_parts() -> Iterator[bytes]:
    yield b"first"
    time.sleep(PAUSE_SECONDS)
    yield b"second"
