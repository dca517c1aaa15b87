"""From request to answer, in the order of cal.com's middleware, guards, pipes and filters.

https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/app.module.ts
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from dashboard.sandbox import errors, event_types, reservations, routing, slots
from dashboard.sandbox.backend import Backend
from dashboard.sandbox.dates import format_date
from dashboard.sandbox.fixtures import User, World
from dashboard.sandbox.guards import optional_user, rate_bucket, required_user, signed_in_user
from dashboard.sandbox.http_server import JSON_TYPE, Headers, Request, Response, to_json
from dashboard.sandbox.request_body import read_json

BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")

Handler = Callable[[Backend, routing.ApiCall], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Function that answers a method and path, if the header cal-api-version names its version.

    An empty version stands for all.
    """

    version: str
    handler: Handler
    guard: Callable[[dict[str, str], World], User | None] | None = None


ENDPOINTS = {
    ("POST", routing.RESERVATIONS): Endpoint("2024-09-04", reservations.reserve, optional_user),
    ("GET", routing.RESERVATION): Endpoint("2024-09-04", reservations.get),
    ("PATCH", routing.RESERVATION): Endpoint("2024-09-04", reservations.update),
    ("DELETE", routing.RESERVATION): Endpoint("2024-09-04", reservations.delete),
    ("GET", routing.SLOTS): Endpoint("2024-09-04", slots.list_slots),
    ("GET", routing.EVENT_TYPES): Endpoint("2024-06-14", event_types.list_of_user, optional_user),
    ("GET", routing.EVENT_TYPE): Endpoint("2024-06-14", event_types.get, required_user),
}
# The open server has no teams: https://github.com/calcom/cal.diy
TEAM_ENDPOINTS = {
    ("GET", routing.TEAMS): Endpoint("", event_types.list_teams, signed_in_user),
    ("GET", routing.TEAM_EVENT_TYPES): Endpoint("", event_types.list_of_team),
}


def answer(backend: Backend, request: Request, *, instead: Handler | None = None) -> Response:
    """Return cal.com's answer to a request, for which another handler may do the work."""
    headers: Headers = []
    try:
        check_escapes(routing.without_api_prefix(request.path))
        payload = read_json(request)
        headers.append(request_id())
        status, value = call_endpoint(backend, request, payload, headers, instead)
    except errors.ApiError as error:
        if error.is_enveloped and not headers:  # from a step before the one that makes ids
            headers.append(("X-Request-Id", "unknown-request-id"))
        return error_response(backend, request, error, headers)
    return response(backend, status, value, headers)


def call_endpoint(
    backend: Backend, request: Request, payload: Any, headers: Headers, instead: Handler | None
) -> tuple[int, Any]:
    """Return status and value of an answer, and add its headers. Raises ApiError."""
    template, argument = routing.match_path(request.path)
    method = "GET" if request.method == "HEAD" else request.method
    endpoints = ENDPOINTS | TEAM_ENDPOINTS if backend.has_teams else ENDPOINTS
    endpoint = endpoints.get((method, template or ""))
    version = request.headers.get("cal-api-version")
    if endpoint is None or endpoint.version not in {"", version}:
        raise errors.nest_error(404, f"Cannot {request.method} {request.target}")
    bucket, limit = rate_bucket(request.headers, backend.world)
    rate, is_blocked = backend.rate_limiter.count(bucket, limit, backend.clock.now())
    headers += rate
    if is_blocked:
        raise errors.too_many_requests()
    if "\0" in argument:  # which PostgreSQL refuses
        raise errors.bare_server_error()
    user = endpoint.guard(request.headers, backend.world) if endpoint.guard else None
    try:
        handler = instead or endpoint.handler
        value = handler(backend, routing.ApiCall(user, argument, request.query, payload))
    except OverflowError:  # a date beyond the calendar
        raise errors.database_error() from None
    return (201 if method == "POST" else 200), value


def error_response(
    backend: Backend, request: Request, error: errors.ApiError, headers: Headers
) -> Response:
    path = routing.without_api_prefix(request.target)
    value = error.body(timestamp=format_date(backend.clock.now()), path=path)
    return response(backend, error.status, value, headers)


def response(backend: Backend, status: int, value: Any, headers: Headers) -> Response:
    headers = [*headers, ("Content-Type", JSON_TYPE), date(backend)]
    return Response(status, headers, to_json(value))


def date(backend: Backend) -> tuple[str, str]:
    return "Date", format_datetime(backend.clock.now().replace(microsecond=0), usegmt=True)


def request_id() -> tuple[str, str]:
    return "X-Request-Id", str(uuid.uuid4())


def check_escapes(path: str) -> None:
    """Raise ApiError 400 for percent escapes that are no UTF-8."""
    try:
        is_broken = BROKEN_ESCAPE.search(path) is not None
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        is_broken = True
    if is_broken:
        raise errors.nest_error(400, f"Failed to decode param '{path.removeprefix('/')}'")
