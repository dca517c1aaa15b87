"""The stand-in's back door, on a port of its own that is never cal.com's.

JSON in, JSON out. Only for this machine, and not for browsers on it: a page of somebody else's must
not reach it through the person who looks at it. So whatever carries Origin, Sec-Fetch-Site or a
Host that is not loopback is refused, and a body must say that it is JSON.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dashboard.sandbox import iso
from dashboard.sandbox.faults import Fault, Kind
from dashboard.sandbox.fixtures import Hold, bookings_from
from dashboard.sandbox.message import JSON_TYPE, Request, Response, as_json
from dashboard.sandbox.state import plain_booking

if TYPE_CHECKING:
    from dashboard.sandbox.sandbox import Sandbox

Handler = Callable[["Sandbox", str, dict[str, Any]], Any]


class RefusedError(Exception):
    """A request that the back door does not open to."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def answer(sandbox: Sandbox, request: Request) -> Response:
    """Guard, dispatch, and say in JSON what came of it."""
    try:
        _guard(request)
        handler, rest = _handler(request)
        return _response(HTTPStatus.OK, handler(sandbox, rest, _body(request)))
    except RefusedError as refused:
        return _response(refused.status, {"error": str(refused)})
    except (KeyError, ValueError, TypeError) as exc:
        return _response(HTTPStatus.BAD_REQUEST, {"error": f"{type(exc).__name__}: {exc}"})


def _handler(request: Request) -> tuple[Handler, str]:
    name, _, rest = request.path.removeprefix("/control").strip("/").partition("/")
    handler = _HANDLERS.get((request.method, name))
    if not request.path.startswith("/control") or handler is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"no {request.method} {request.path} here")
    return handler, rest


def _guard(request: Request) -> None:
    if not ipaddress.ip_address(request.peer).is_loopback:
        raise RefusedError(HTTPStatus.FORBIDDEN, "only from this machine")
    if {"origin", "sec-fetch-site"} & request.headers.keys():
        raise RefusedError(HTTPStatus.FORBIDDEN, "not from a browser")
    if not _is_loopback(urlsplit("//" + request.headers.get("host", "")).hostname):
        raise RefusedError(HTTPStatus.FORBIDDEN, "only by a loopback name")


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
    body = json.loads(request.body)
    if not isinstance(body, dict):
        raise TypeError("the body must be an object")
    return body


def _response(status: HTTPStatus, value: Any) -> Response:
    body = as_json(value) + b"\n"
    headers = [
        ("Server", "holdfast-sandbox-control"),
        ("Content-Type", JSON_TYPE),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Response(status, headers, body)


def _help(_sandbox: Sandbox, _rest: str, _body: dict[str, Any]) -> Any:
    return {
        "routes": sorted(f"{method} /control/{name}" for method, name in _HANDLERS),
        "faults": [str(kind) for kind in Kind],
    }


def _rows(sandbox: Sandbox, _rest: str, _body: dict[str, Any]) -> Any:
    now = sandbox.clock.now()
    return {
        "now": iso.text(now),
        "rows": [_row(row, now) for row in sandbox.rows()],
        "bookings": [plain_booking(booking) for booking in sandbox.bookings()],
    }


def _row(row: Hold, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "uid": row.uid,
        "eventTypeId": row.event_type_id,
        "userId": row.user_id,
        "slotStart": iso.text(row.start),
        "slotEnd": iso.text(row.end),
        "reservationUntil": iso.text(row.release_at),
        "isSeat": row.is_seat,
        "isLive": row.is_live(now),
    }


def _insert_hold(sandbox: Sandbox, _rest: str, body: dict[str, Any]) -> Any:
    """{"eventTypeId", "slotStart", "minutes"?, "slotDuration"?, "uid"?}"""
    row = sandbox.insert_hold(
        body["eventTypeId"],
        datetime.fromisoformat(body["slotStart"]),
        minutes=body.get("minutes", 5),
        slot_duration=body.get("slotDuration"),
        uid=body.get("uid"),
    )
    return _row(row, sandbox.clock.now())


def _remove_holds(sandbox: Sandbox, rest: str, _body: dict[str, Any]) -> Any:
    return {"removed": sandbox.remove_holds(rest or None)}


def _faults(sandbox: Sandbox, _rest: str, _body: dict[str, Any]) -> Any:
    return {"faults": [_fault(fault) for fault in sandbox.faults.all()]}


def _fault(fault: Fault) -> dict[str, Any]:
    names = ("id", "method", "route", "count", "skip", "seconds", "hits")
    told = {"kind": str(fault.kind), "when": str(fault.when)}
    return told | {name: getattr(fault, name) for name in names}


def _add_fault(sandbox: Sandbox, _rest: str, body: dict[str, Any]) -> Any:
    """{"kind"} and what else ``Faults.add`` takes."""
    wanted = dict(body)
    if wanted.get("slot_start"):
        wanted["slot_start"] = datetime.fromisoformat(wanted["slot_start"])
    return {"id": sandbox.faults.add(**wanted)}


def _clear_faults(sandbox: Sandbox, rest: str, _body: dict[str, Any]) -> Any:
    sandbox.faults.clear(int(rest) if rest else None)
    return _faults(sandbox, rest, {})


def _clock(sandbox: Sandbox, _rest: str, body: dict[str, Any]) -> Any:
    """{"stop": moment} or {"shift": seconds} or {"reset": true}; without any, what time it is."""
    if body.get("reset"):
        sandbox.clock.reset()
    if "stop" in body:
        sandbox.clock.stop(datetime.fromisoformat(body["stop"]))
    if "shift" in body:
        sandbox.clock.shift(body["shift"])
    return {"now": iso.text(sandbox.clock.now())}


def _pause(sandbox: Sandbox, _rest: str, body: dict[str, Any]) -> Any:
    """{"seconds": 0.02} between check and write."""
    sandbox.pause = float(body["seconds"])
    return {"seconds": sandbox.pause}


def _limit(sandbox: Sandbox, _rest: str, body: dict[str, Any]) -> Any:
    """{"key", "limit"}: calls a minute of a key, from a new window on."""
    sandbox.set_limit(body["key"], int(body["limit"]))
    return {"limit": int(body["limit"])}


def _reset(sandbox: Sandbox, _rest: str, _body: dict[str, Any]) -> Any:
    sandbox.reset()
    return _rows(sandbox, "", {})


def _put_booking(sandbox: Sandbox, _rest: str, body: dict[str, Any]) -> Any:
    """{"eventType", "start", "end"?, "uid"?, "status"?, "attendees"?}; a known uid is replaced."""
    start = datetime.fromisoformat(body["start"])
    kind = sandbox.event_type(body["eventType"])
    end = (start + timedelta(minutes=kind.length)).astimezone(UTC).isoformat()
    uid = f"bk-{len(sandbox.bookings()) + 1}"
    (booking,) = bookings_from([{"uid": uid, "end": end} | body])
    sandbox.add_booking(replace(booking, start=booking.start.astimezone(UTC)))
    return plain_booking(booking)


def _remove_booking(sandbox: Sandbox, rest: str, _body: dict[str, Any]) -> Any:
    return {"removed": sandbox.remove_booking(rest)}


def _calls(sandbox: Sandbox, _rest: str, _body: dict[str, Any]) -> Any:
    return {
        "calls": [
            {
                "at": iso.text(seen.at),
                "method": seen.method,
                "route": seen.route,
                "status": seen.status,
            }
            for seen in sandbox.calls()
        ]
    }


_HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", ""): _help,
    ("GET", "rows"): _rows,
    ("GET", "calls"): _calls,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
    ("POST", "pause"): _pause,
    ("POST", "limit"): _limit,
    ("POST", "reset"): _reset,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "holds"): _insert_hold,
    ("DELETE", "holds"): _remove_holds,
    ("POST", "bookings"): _put_booking,
    ("DELETE", "bookings"): _remove_booking,
}
