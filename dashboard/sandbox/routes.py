"""Which address answers what, in which version.

A version nobody knows is the oldest one, and a known version without the address is a 404:
https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/bootstrap.ts
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from dashboard.sandbox import bookings, event_types, legacy_bookings, reservations, slots
from dashboard.sandbox.call import Call

_OLDEST = "2024-04-15"
_KNOWN = {_OLDEST, "2024-06-11", "2024-06-14", "2024-08-13", "2024-09-04"}

_SLOTS = frozenset({"2024-09-04"})
_EVENT_TYPES = frozenset({"2024-06-14"})
_OLD_EVENT_TYPES = frozenset({"2024-04-15", "2024-06-11"})
_BOOKINGS = frozenset({"2024-08-13"})
_OLD_BOOKINGS = frozenset({"2024-04-15", "2024-06-11", "2024-06-14"})


def _health(_call: Call) -> str:
    return "OK"


@dataclass(frozen=True, slots=True)
class Route:
    """``versions`` is None where any will do; a handler gives a JSON value, or text as it is."""

    method: str
    template: str
    versions: frozenset[str] | None
    handler: Callable[[Call], Any]
    status: int = 200


ROUTES = (
    Route("POST", "/v2/slots/reservations", _SLOTS, reservations.reserve, status=201),
    Route("GET", "/v2/slots/reservations/{uid}", _SLOTS, reservations.get),
    Route("PATCH", "/v2/slots/reservations/{uid}", _SLOTS, reservations.update),
    Route("DELETE", "/v2/slots/reservations/{uid}", _SLOTS, reservations.delete),
    Route("GET", "/v2/slots", _SLOTS, slots.slots),
    Route("GET", "/v2/event-types", _EVENT_TYPES, event_types.listed),
    Route("GET", "/v2/event-types", _OLD_EVENT_TYPES, event_types.legacy_listed),
    Route("GET", "/v2/event-types/{id}", _EVENT_TYPES, event_types.one),
    Route("GET", "/v2/me", None, event_types.me),
    Route("GET", "/v2/bookings", _BOOKINGS, bookings.listed),
    Route("GET", "/v2/bookings", _OLD_BOOKINGS, legacy_bookings.listed),
    Route("POST", "/v2/bookings", _BOOKINGS, bookings.create, status=201),
    Route("GET", "/health", None, _health),
)
TEMPLATES = tuple(dict.fromkeys(route.template for route in ROUTES))
_SHAPES = {
    template: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "/?", re.IGNORECASE)
    for template in TEMPLATES
}


def rewritten(target: str) -> str:
    """``/api/v2`` is another name of ``/v2``."""
    return target.removeprefix("/api") if target.startswith("/api/v2") else target


def version(header: str | None) -> str:
    return header if header in _KNOWN else _OLDEST


def template_of(path: str) -> str | None:
    """The route's template, whatever the method and version."""
    return next((name for name, shape in _SHAPES.items() if shape.fullmatch(path)), None)


def find(method: str, path: str, wanted: str) -> tuple[Route, dict[str, str]] | None:
    """The route of that version, and the parts of the path that vary. HEAD is answered as GET."""
    template = template_of(path)
    verb = "GET" if method == "HEAD" else method
    for route in ROUTES:
        if (route.method, route.template) == (verb, template) and wanted in (
            route.versions or _KNOWN
        ):
            found = _SHAPES[route.template].fullmatch(path)
            params = found.groupdict() if found else {}
            return route, {name: unquote(text) for name, text in params.items()}
    return None
