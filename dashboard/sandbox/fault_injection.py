"""cal.com with its faults: where a fault strikes, and what the caller sees of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import unquote

from dashboard.sandbox import iso, routes
from dashboard.sandbox.application import Application
from dashboard.sandbox.errors import bare, internal
from dashboard.sandbox.faults import Fault, Faults, Kind, When
from dashboard.sandbox.fixtures import Booking, EventType
from dashboard.sandbox.message import Hangup, Reply, Request, Response
from dashboard.sandbox.state import until

_RESERVATION = "/v2/slots/reservations/{uid}"
_BLOCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Place:
    event_type: EventType
    start: datetime
    end: datetime


class Trouble:
    """Answers as the application does, unless a fault strikes."""

    def __init__(self, application: Application, faults: Faults) -> None:
        self._application = application
        self._faults = faults

    def reply(self, request: Request, route: str | None) -> Reply:
        """The answer, a spoilt one, or none."""
        struck = self._faults.strike(request.method, route)
        if not struck:
            return self._application.answer(request)
        asked, held = self._asked(request), self._held(request, route)
        for fault in struck:
            if fault.when is When.BEFORE:
                reply = self._strike(fault, request, None, asked)
                if reply is not None:
                    return reply
        return self._spoil(struck, request, asked if held is None else held)

    def _spoil(self, struck: list[Fault], request: Request, given_up: _Place | None) -> Reply:
        reply: Reply = self._application.answer(request)
        for fault in struck:
            if fault.when is not When.BEFORE and isinstance(reply, Response):
                reply = self._strike(fault, request, reply, given_up) or reply
        return reply

    def _strike(
        self, fault: Fault, request: Request, answer: Response | None, place: _Place | None
    ) -> Reply | None:
        """What the caller gets instead, or None where the call goes on."""
        if fault.kind is Kind.DELAY:
            fault.lifted.wait(fault.seconds)
        elif fault.kind in {Kind.STRANGER_HOLDS, Kind.STRANGER_BOOKS}:
            self._stranger(fault, place)
        elif fault.kind in {Kind.DROP, Kind.RESET}:
            cut = fault.when is When.DURING and answer is not None
            return replace(answer, sent=0.5) if answer and cut else Hangup(fault.kind is Kind.RESET)
        elif fault.kind is Kind.TRUNCATED and answer is not None:
            return _halved(answer)
        else:
            return self._instead(fault, request)
        return None

    def _instead(self, fault: Fault, request: Request) -> Response:
        if fault.kind is Kind.TOO_MANY:
            return self._application.throttled(request, int(fault.seconds) or _BLOCK_SECONDS)
        if fault.kind is Kind.ERROR:
            return self._application.refusing(request, internal())
        if fault.kind is Kind.BARE_ERROR:
            error = bare(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error")
            return self._application.refusing(request, error)
        return _PAGES[fault.kind]()

    def _stranger(self, fault: Fault, place: _Place | None) -> None:
        where = self._named(fault) or place
        if where is None:
            return
        state = self._application.state
        if fault.kind is Kind.STRANGER_BOOKS:
            kind = where.event_type.id
            state.put_booking(
                Booking(f"stranger-{fault.id}-{fault.hits}", kind, where.start, where.end)
            )
        elif where.event_type.people:
            state.insert(
                event_type=where.event_type,
                user_id=where.event_type.people[0],
                start=where.start,
                end=where.end,
                release_at=until(self._application.clock.now(), fault.minutes),
            )

    def _named(self, fault: Fault) -> _Place | None:
        if fault.event_type_id is None or fault.slot_start is None:
            return None
        return self._place(fault.event_type_id, fault.slot_start, None)

    def _asked(self, request: Request) -> _Place | None:
        """The time that the body asks for, where it is one."""
        try:
            body = json.loads(request.body or b"null")
            start = iso.parsed(body["slotStart"])
            return (
                self._place(body["eventTypeId"], start, body.get("slotDuration")) if start else None
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def _held(self, request: Request, route: str | None) -> _Place | None:
        """The time of the hold that the path names, before the call changes it."""
        if route != _RESERVATION:
            return None
        uid = unquote(request.path.rstrip("/").rpartition("/")[2])
        row = self._application.state.hold(uid)
        kind = self._application.state.event_type(row.event_type_id) if row else None
        return _Place(kind, row.start, row.end) if row and kind else None

    def _place(self, event_type_id: int, start: datetime, minutes: int | None) -> _Place | None:
        kind = self._application.state.event_type(event_type_id)
        if kind is None:
            return None
        return _Place(kind, start, start + timedelta(minutes=minutes or kind.length))


def route_of(request: Request) -> str | None:
    """The template of the address asked for, to tell calls apart."""
    return routes.template_of(routes.rewritten(request.target).partition("?")[0])


def _halved(answer: Response) -> Response:
    body = answer.body[: len(answer.body) // 2]
    headers = [(name, text) for name, text in answer.headers if name != "Content-Length"]
    return Response(answer.status, [*headers, ("Content-Length", str(len(body)))], body)


def _page(status: HTTPStatus, title: str) -> Response:
    """As a proxy in front of cal.com writes it: no header of the application."""
    body = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>{title}</body>\r\n</html>\r\n"
    headers = [("Server", "nginx"), ("Content-Type", "text/html")]
    return Response(status, [*headers, ("Content-Length", str(len(body)))], body.encode())


_PAGES = {
    Kind.BAD_GATEWAY: lambda: _page(HTTPStatus.BAD_GATEWAY, "502 Bad Gateway"),
    Kind.UNAVAILABLE: lambda: _page(
        HTTPStatus.SERVICE_UNAVAILABLE, "503 Service Temporarily Unavailable"
    ),
    Kind.HTML: lambda: _page(HTTPStatus.OK, "Just a moment..."),
}
