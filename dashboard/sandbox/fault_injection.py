"""Answers with faults: where each fault strikes, and what the caller gets."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dashboard.sandbox import api, errors
from dashboard.sandbox.backend import Backend, SeenCall
from dashboard.sandbox.dates import parse_date
from dashboard.sandbox.faults import Fault, Kind, When
from dashboard.sandbox.fixtures import Booking
from dashboard.sandbox.guards import BLOCK, rate_headers
from dashboard.sandbox.http_server import Disconnect, Reply, Request, Response
from dashboard.sandbox.request_body import read_json, read_reservation
from dashboard.sandbox.routing import RESERVATION, ApiCall, match_path

PAGES = {
    Kind.BAD_GATEWAY: (502, "502 Bad Gateway"),
    Kind.UNAVAILABLE: (503, "503 Service Temporarily Unavailable"),
    Kind.HTML: (200, "Just a moment..."),
}


class Slot(NamedTuple):
    """A slot that a stranger can take; ``minutes`` None for the event type's own length."""

    event_type_id: int
    start: datetime
    minutes: int | None = None


def reply(backend: Backend, request: Request) -> Reply:
    """Answer as cal.com does unless faults strike, and record the call."""
    at = backend.clock.now()
    route, uid = match_path(request.path)
    faults = backend.faults.strike(request.method, route, When.BEFORE, When.DURING, When.AFTER)
    if faults:
        held = held_slot(backend, uid) if route == RESERVATION else None
        sent = reply_with_faults(backend, request, faults, held)
    else:
        sent = api.answer(backend, request)
    status = sent.status if isinstance(sent, Response) else None
    backend.seen_calls.append(SeenCall(at, request.method, route, status, request))
    return sent


def reply_with_faults(
    backend: Backend, request: Request, faults: list[Fault], held: Slot | None
) -> Reply:
    requested = requested_slot(request)
    for fault in faults:
        if fault.when is When.BEFORE:
            instead = strike(backend, fault, request, requested)
            if instead is not None:
                return instead
    sent: Reply = api.answer(backend, request)
    for fault in faults:
        if fault.when is not When.BEFORE and isinstance(sent, Response):
            sent = strike(backend, fault, request, held or requested, sent) or sent
    return sent


def strike(
    backend: Backend,
    fault: Fault,
    request: Request,
    slot: Slot | None,
    answer: Response | None = None,
) -> Reply | None:
    """Return what the caller gets in place of the answer, None where the call goes on."""
    match fault.kind:
        case Kind.DELAY:
            fault.wait()
            return None
        case Kind.STRANGER_HOLDS | Kind.STRANGER_BOOKS:
            take_slot(backend, fault, slot)
            return None
        case Kind.DROP | Kind.RESET:
            begun = answer if fault.when is When.DURING else None
            return Disconnect(with_reset=fault.kind is Kind.RESET, response=begun)
        case Kind.TRUNCATED:
            return answer and replace(answer, body=answer.body[: len(answer.body) // 2])
        case Kind.TOO_MANY:
            wait = timedelta(seconds=fault.seconds) or BLOCK
            headers = [api.request_id(), *rate_headers(120, 0, wait)]
            return api.error_response(backend, request, errors.too_many_requests(), headers)
        case Kind.ERROR:
            if answer is None:
                return api.answer(backend, request, instead=fail)
            failure = api.error_response(backend, request, errors.database_error(), [])
            return replace(failure, headers=answer.headers)
        case Kind.BARE_ERROR:
            return api.error_response(backend, request, errors.bare_server_error(), [])
    return page(*PAGES[fault.kind])


def fail(_backend: Backend, _call: ApiCall) -> Any:
    """Answer a call while the database is down."""
    raise errors.database_error()


def take_slot(backend: Backend, fault: Fault, slot: Slot | None) -> None:
    """Hold or book the slot that the fault names, or else the given one, for a stranger."""
    if fault.event_type_id is not None and fault.slot_start is not None:
        slot = Slot(fault.event_type_id, fault.slot_start)
    event_type = backend.event_types.get(slot.event_type_id) if slot else None
    if slot is None or event_type is None:
        return
    if fault.kind is Kind.STRANGER_BOOKS:
        uid = f"stranger-{fault.id}-{fault.hits}"
        end = event_type.end_of(slot.start, slot.minutes)
        backend.add_booking(Booking(uid, event_type.id, slot.start, end))
    elif event_type.people:
        backend.insert_hold(
            event_type.id, slot.start, minutes=fault.minutes, slot_duration=slot.minutes
        )


def requested_slot(request: Request) -> Slot | None:
    """Return the slot that the body asks for, None if it asks for none."""
    try:
        sent = read_reservation(read_json(request))
    except errors.ApiError:
        return None
    start = parse_date(sent.slot_start)
    return Slot(sent.event_type_id, start, sent.slot_duration) if start else None


def held_slot(backend: Backend, uid: str) -> Slot | None:
    """Return the slot of a hold, before the call changes it."""
    row = backend.find_hold(uid)
    return Slot(row.event_type_id, row.start, row.minutes) if row else None


def page(status: int, title: str) -> Response:
    """Return a page of a proxy in front of cal.com, without the headers of the API."""
    body = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>{title}</body>\r\n</html>\r\n"
    return Response(status, [("Server", "nginx"), ("Content-Type", "text/html")], body.encode())
