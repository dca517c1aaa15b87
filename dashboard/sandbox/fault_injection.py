"""Answers with faults: where each fault strikes, and what the caller gets."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dashboard.sandbox import api, errors
from dashboard.sandbox.backend import Backend, SeenCall
from dashboard.sandbox.dates import parse_date
from dashboard.sandbox.faults import Fault, FaultKind, When
from dashboard.sandbox.fixtures import Booking, Reservation
from dashboard.sandbox.guards import BLOCK, rate_headers
from dashboard.sandbox.http_server import Disconnect, Reply, Request, Response
from dashboard.sandbox.request_body import read_input, read_json
from dashboard.sandbox.routing import RESERVATION, ApiCall, match_path

PAGES = {
    FaultKind.BAD_GATEWAY: (502, "502 Bad Gateway"),
    FaultKind.UNAVAILABLE: (503, "503 Service Temporarily Unavailable"),
    FaultKind.HTML: (200, "Just a moment..."),
}


def reply(backend: Backend, request: Request) -> Reply:
    """Answer as cal.com does unless faults strike, and record the call."""
    at = backend.clock.now()
    route, uid = match_path(request.path)
    faults = backend.faults.strike(request.method, route, When.BEFORE, When.DURING, When.AFTER)
    # As it is before the call.
    held = backend.find_reservation(uid) if faults and route == RESERVATION else None
    sent: Reply | None = None
    for fault in faults:
        if fault.when is When.BEFORE and sent is None:
            sent = strike(backend, fault, request)
    if sent is None:
        sent = api.answer(backend, request)
        for fault in faults:
            if fault.when is not When.BEFORE and isinstance(sent, Response):
                sent = strike(backend, fault, request, held, sent) or sent
    status = sent.status if isinstance(sent, Response) else None
    backend.seen_calls.append(SeenCall(at, request.method, route, status))
    return sent


def strike(
    backend: Backend,
    fault: Fault,
    request: Request,
    held: Reservation | None = None,
    answer: Response | None = None,
) -> Reply | None:
    """Return what the caller gets in place of the answer, None where the call goes on.

    ``held`` is what the call gave up, ``answer`` cal.com's; before its work there is none.
    """
    match fault.kind:
        case FaultKind.DELAY:
            fault.wait()
            return None
        case FaultKind.STRANGER_HOLDS | FaultKind.STRANGER_BOOKS:
            take_slot(backend, fault, request, held)
            return None
        case FaultKind.DROP | FaultKind.RESET:
            begun = answer if fault.when is When.DURING else None
            return Disconnect(with_reset=fault.kind is FaultKind.RESET, response=begun)
        case FaultKind.TRUNCATED:
            return answer and replace(answer, body=answer.body[: len(answer.body) // 2])
        case FaultKind.TOO_MANY:
            wait = timedelta(seconds=fault.seconds) or BLOCK
            headers = [api.request_id(), *rate_headers(120, 0, wait)]
            return api.error_response(backend, request, errors.too_many_requests(), headers)
        case FaultKind.ERROR:
            if answer is None:
                return api.answer(backend, request, instead=fail)
            failure = api.error_response(backend, request, errors.database_error(), [])
            return replace(failure, headers=answer.headers)
        case FaultKind.BARE_ERROR:
            return api.error_response(backend, request, errors.bare_server_error(), [])
    # A page of a proxy in front of cal.com, without the headers of the API.
    status, title = PAGES[fault.kind]
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>{title}</body>\r\n</html>\r\n"
    return Response(status, [("Server", "nginx"), ("Content-Type", "text/html")], page.encode())


def fail(_backend: Backend, _call: ApiCall) -> Any:
    """Answer a call while the database is down."""
    raise errors.database_error()


def take_slot(backend: Backend, fault: Fault, request: Request, held: Reservation | None) -> None:
    slot = slot_for_stranger(fault, request, held)
    if slot is None:
        return
    event_type_id, start, minutes = slot
    event_type = backend.event_types.get(event_type_id)
    if event_type is None:
        return
    if fault.kind is FaultKind.STRANGER_BOOKS:
        uid = f"stranger-{fault.id}-{fault.hits}"
        end = event_type.end_of(start, minutes)
        backend.add_booking(Booking(uid, event_type.id, start, end))
    elif event_type.people:
        backend.insert_reservation(
            event_type.id, start, minutes=fault.minutes, slot_duration=minutes
        )


def slot_for_stranger(
    fault: Fault, request: Request, held: Reservation | None
) -> tuple[int, datetime, int | None] | None:
    """Return event type, start and minutes of the slot; None minutes for its own length.

    It is what the fault names, or what was held, or what the body asks for.
    """
    if fault.event_type_id is not None and fault.slot_start is not None:
        return fault.event_type_id, fault.slot_start, None
    if held is not None:
        return held.event_type_id, held.start, held.minutes
    try:
        sent = read_input(read_json(request))
    except errors.ApiError:
        return None
    start = parse_date(sent.slot_start)
    return (sent.event_type_id, start, sent.slot_duration) if start else None
