"""From request to answer in the order of cal.com's middleware, guards, pipes and filters.

https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/app.module.ts
"""

from __future__ import annotations

import re
import uuid
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from dashboard.sandbox import body, iso, routes
from dashboard.sandbox.call import Call
from dashboard.sandbox.clock import Clock
from dashboard.sandbox.errors import Refusal, bad_request, not_found, too_many_requests
from dashboard.sandbox.free_times import SlotCache
from dashboard.sandbox.identity import bucket
from dashboard.sandbox.limiter import Allowance, Limiter
from dashboard.sandbox.message import JSON_TYPE, Request, Response, as_json, etag
from dashboard.sandbox.state import State

_OK, _REDIRECTED = 200, 300
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")

# helmet's own defaults, in its order: https://github.com/helmetjs/helmet
_HELMET = (
    (
        "Content-Security-Policy",
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"
        "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"
        "script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
    ),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Origin-Agent-Cluster", "?1"),
    ("Referrer-Policy", "no-referrer"),
    ("Strict-Transport-Security", "max-age=15552000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-DNS-Prefetch-Control", "off"),
    ("X-Download-Options", "noopen"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
    ("X-XSS-Protection", "0"),
    ("Access-Control-Allow-Origin", "*"),
)
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET,PATCH,DELETE,HEAD,POST,PUT,OPTIONS"),
    ("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, cal-api-version"),
    ("Content-Length", "0"),
)


class Application:
    """cal.com without its faults. ``pause`` is the seconds between its check and its write."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.state = state
        self.clock = clock
        self.limiter = Limiter()
        self.limits: dict[str, int] = {}
        self.cache = SlotCache()
        self.pause = 0.0

    def answer(self, request: Request) -> Response:
        """The finished answer, whatever happens on the way."""
        headers = list(_HELMET)
        if request.method == "OPTIONS":
            return self._dated(Response(HTTPStatus.NO_CONTENT, [*headers, *_PREFLIGHT]))
        try:
            status, value = self._served(request, headers)
        except Refusal as refusal:
            self._identify(refusal, headers)
            path = routes.rewritten(request.target)
            status = refusal.status
            value = refusal.body(timestamp=iso.text(self.clock.now()), path=path)
        return self._dated(_finished(request, status, value, headers))

    def throttled(self, request: Request, seconds: int) -> Response:
        """A 429 as cal.com gives it, to a caller who deserves none."""
        headers = [*_HELMET, *_rate(Allowance(120, 0, seconds))]
        return self._refusing(request, too_many_requests(), headers)

    def refusing(self, request: Request, refusal: Refusal) -> Response:
        """An error that the call did not cause."""
        return self._refusing(request, refusal, list(_HELMET))

    def _served(self, request: Request, headers: list[tuple[str, str]]) -> tuple[int, object]:
        target = routes.rewritten(request.target)
        path = target.partition("?")[0]
        _check_escapes(path)
        payload = body.payload(request)
        headers.append(("X-Request-Id", str(uuid.uuid4())))
        wanted = routes.version(request.headers.get("cal-api-version"))
        found = routes.find(request.method, path, wanted)
        if found is None:
            raise not_found(f"Cannot {request.method} {request.target}")
        route, params = found
        self._throttle(request, headers)
        call = Call(
            request=request,
            params=params,
            payload=payload,
            state=self.state,
            clock=self.clock,
            pause=lambda: self.pause,
            cache=self.cache,
        )
        return route.status, route.handler(call)

    def _throttle(self, request: Request, headers: list[tuple[str, str]]) -> None:
        tracker, limit = bucket(request, self.state.world)
        limit = self.limits.get(tracker, limit)
        allowance = self.limiter.count(tracker, limit, self.clock.now())
        headers[-1:-1] = _rate(allowance)  # in front of the request id
        if allowance.blocked:
            raise too_many_requests()

    def _refusing(
        self, request: Request, refusal: Refusal, headers: list[tuple[str, str]]
    ) -> Response:
        headers.append(("X-Request-Id", str(uuid.uuid4())))
        path = routes.rewritten(request.target)
        value = refusal.body(timestamp=iso.text(self.clock.now()), path=path)
        return self._dated(_finished(request, refusal.status, value, headers))

    def _identify(self, refusal: Refusal, headers: list[tuple[str, str]]) -> None:
        if not refusal.seen and refusal.enveloped:
            headers.append(("X-Request-Id", "unknown-request-id"))

    def _dated(self, response: Response) -> Response:
        moment = self.clock.now().replace(microsecond=0)
        response.headers.append(("Date", format_datetime(moment, usegmt=True)))
        return response


def _check_escapes(path: str) -> None:
    try:
        broken = _BROKEN_ESCAPE.search(path) is not None
        unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        broken = True
    if broken:
        words = f"Failed to decode param '{path.removeprefix('/')}'"
        raise bad_request(words).before_request_id()


def _rate(allowance: Allowance) -> list[tuple[str, str]]:
    return [
        ("X-RateLimit-Limit-Default", str(allowance.limit)),
        ("X-RateLimit-Remaining-Default", str(allowance.remaining)),
        ("X-RateLimit-Reset-Default", str(allowance.reset)),
    ]


def _finished(
    request: Request, status: int, value: object, headers: list[tuple[str, str]]
) -> Response:
    is_text = isinstance(value, str)
    content = value.encode() if isinstance(value, str) else as_json(value)
    tag = etag(content)
    if _is_fresh(request, status, tag):
        return Response(HTTPStatus.NOT_MODIFIED, [*headers, ("ETag", tag)])
    headers += [
        ("Content-Type", "text/html; charset=utf-8" if is_text else JSON_TYPE),
        ("Content-Length", str(len(content))),
        ("ETag", tag),
    ]
    return Response(status, headers, b"" if request.method == "HEAD" else content)


def _is_fresh(request: Request, status: int, tag: str) -> bool:
    """As https://github.com/jshttp/fresh compares: weakly, and only for what was read."""
    known = request.headers.get("if-none-match")
    if known is None or request.method not in {"GET", "HEAD"} or not _OK <= status < _REDIRECTED:
        return False
    if "no-cache" in request.headers.get("cache-control", ""):
        return False
    tags = {text.strip().removeprefix("W/") for text in known.split(",")}
    return known.strip() == "*" or tag.removeprefix("W/") in tags
