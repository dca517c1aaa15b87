"""The control route: JSON over HTTP, on a port of its own, to read and change a sandbox.

It answers only this machine, and no browser on it, so that no page can reach it through the person
who looks at it: Origin, Sec-Fetch-Site and a Host that is not loopback are refused, and a body must
be declared as JSON.
"""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from dashboard.sandbox.backend import Backend
from dashboard.sandbox.dates import format_date
from dashboard.sandbox.faults import FaultKind
from dashboard.sandbox.fixtures import DEFAULT_MINUTES, Reservation, read_booking, write_booking
from dashboard.sandbox.http_server import JSON_TYPE, LOOPBACK, Request, Response, to_json

HEADERS = [
    ("Server", "holdfast-sandbox-control"),
    ("Content-Type", JSON_TYPE),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]
ROUTES = {
    "GET": ("", "rows", "calls", "clock", "faults"),
    "POST": ("clock", "limit", "reset", "faults", "holds", "bookings", "teams"),
    "DELETE": ("faults", "holds", "bookings"),  # with an id or uid behind it
}
FAULT_FIELDS = ("id", "kind", "when", "method", "route", "count", "skip", "seconds", "hits")


class ControlError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def reply(backend: Backend, request: Request) -> Response:
    try:
        check_caller(request)
        status, value = 200, answer(backend, request)
    except ControlError as error:
        status, value = error.status, {"error": str(error)}
    except (KeyError, ValueError, TypeError) as error:
        status, value = 400, {"error": f"{type(error).__name__}: {error}"}
    return Response(status, HEADERS, to_json(value) + b"\n")


def check_caller(request: Request) -> None:
    host = request.headers.get("host", "").lower()
    if host.partition(":")[0] not in {LOOPBACK, "localhost"}:
        raise ControlError(403, "only by a loopback name")
    if {"origin", "sec-fetch-site"} & request.headers.keys():
        raise ControlError(403, f"not from a browser; in a terminal: curl http://{host}/control")


def delay_command(control_url: str) -> str:
    """Return what to enter in a terminal to delay the next three answers by ten seconds each."""
    body = json.dumps({"kind": FaultKind.DELAY, "count": 3, "seconds": 10})
    return f"curl -H 'Content-Type: application/json' -d '{body}' {control_url}/faults"


def answer(backend: Backend, request: Request) -> Any:
    root, _, path = request.path.strip("/").partition("/")
    name, _, argument = path.partition("/")
    if root != "control" or name not in ROUTES.get(request.method, ()):
        raise ControlError(404, f"no {request.method} {request.path} here")
    if request.method == "GET":
        return read(backend, name)
    if request.method == "DELETE":
        return remove(backend, name, argument)
    return change(backend, name, read_body(request))


def read_body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ControlError(415, "the body must be application/json")
    body = json.loads(request.body)
    if not isinstance(body, dict):
        raise TypeError("the body must be an object")
    return body


def read(backend: Backend, name: str) -> Any:
    now = backend.clock.now()
    match name:
        case "rows":
            return {
                "now": format_date(now),
                "rows": [show_row(row, now) for row in backend.rows()],
                "bookings": [write_booking(booking) for booking in backend.bookings()],
            }
        case "calls":
            return {
                "calls": [asdict(seen) | {"at": format_date(seen.at)} for seen in backend.calls()]
            }
        case "clock":
            return {"now": format_date(now)}
        case "faults":
            faults = backend.faults.all()
            return {"faults": [{n: getattr(each, n) for n in FAULT_FIELDS} for each in faults]}
    routes = [f"{method} /control/{name}" for method, names in ROUTES.items() for name in names]
    return {"routes": routes, "faults": [str(kind) for kind in FaultKind]}


def change(backend: Backend, name: str, body: dict[str, Any]) -> Any:
    match name:
        case "clock":
            return set_clock(backend, body)
        case "limit":  # {"key", "limit"}, in calls a minute, from a new window on
            backend.set_limit(body["key"], int(body["limit"]))
            return body
        case "teams":  # {"there"}: false answers 404 as the open server does
            backend.has_teams = bool(body["there"])
            return body
        case "faults":  # {"kind"} and the other arguments of Faults.add
            if body.get("slot_start"):
                body["slot_start"] = datetime.fromisoformat(body["slot_start"])
            return {"id": backend.faults.add(**body)}
        case "holds":
            return insert_reservation(backend, body)
        case "bookings":
            return put_booking(backend, body)
    backend.reset()
    return read(backend, "rows")


def remove(backend: Backend, name: str, argument: str) -> Any:
    if name == "holds":
        return {"removed": backend.remove_reservations(argument or None)}
    if name == "bookings":
        return {"removed": backend.remove_booking(argument)}
    backend.faults.clear(int(argument) if argument else None)
    return read(backend, "faults")


def set_clock(backend: Backend, body: dict[str, Any]) -> Any:
    """Take ``{"stop": moment}``, ``{"shift": seconds}`` or ``{"reset": true}``."""
    if body.get("reset"):
        backend.clock.reset()
    if "stop" in body:
        backend.clock.stop(datetime.fromisoformat(body["stop"]))
    if "shift" in body:
        backend.clock.shift(body["shift"])
    return read(backend, "clock")


def insert_reservation(backend: Backend, body: dict[str, Any]) -> Any:
    """Take ``{"eventTypeId", "slotStart", "minutes"?, "slotDuration"?, "uid"?}``."""
    row = backend.insert_reservation(
        body["eventTypeId"],
        datetime.fromisoformat(body["slotStart"]),
        minutes=body.get("minutes", DEFAULT_MINUTES),
        slot_duration=body.get("slotDuration"),
        uid=body.get("uid"),
    )
    return show_row(row, backend.clock.now())


def put_booking(backend: Backend, body: dict[str, Any]) -> Any:
    """Take ``{"eventType", "start", "end"?, "uid"?, "status"?, "attendees"?}``."""
    start = datetime.fromisoformat(body["start"]).astimezone(UTC)
    end = backend.event_types[body["eventType"]].end_of(start).isoformat()
    defaults = {"uid": f"bk-{len(backend.bookings()) + 1}", "end": end}
    booking = replace(read_booking(defaults | body), start=start)
    backend.add_booking(booking)
    return write_booking(booking)


def show_row(row: Reservation, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "uid": row.uid,
        "eventTypeId": row.event_type_id,
        "userId": row.user_id,
        "slotStart": format_date(row.start),
        "slotEnd": format_date(row.end),
        "reservationUntil": format_date(row.release_at),
        "isSeat": row.is_seat,
        "isLive": row.is_live(now),
    }
