"""Calls for tests: read a response without sending, or send through either client."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import httpx

from dashboard.calcom import Answer, AsyncClient, CalcomError, Client, endpoints
from dashboard.calcom.endpoints import Access, Call
from dashboard.calcom.pending_call import PendingCall

T = TypeVar("T")

BASE = "http://cal.test"
KEY = "cal_ownerfast0123456789"
UID = "12197e27-8acb-4005-ae3e-50a98d8eb171"
START = datetime(2027, 1, 11, 9, tzinfo=UTC)
RESERVE: dict[str, Any] = {"event_type_id": 1, "slot_start": START}
# Keywords for every endpoint.
VERBS: dict[str, dict[str, Any]] = {
    "reserve": RESERVE,
    "get": {"uid": UID},
    "update": {"uid": UID, **RESERVE},
    "delete": {"uid": UID},
    "event_types": {},
    "event_type": {"event_type_id": 1},
    "team_event_types": {"team_id": 1},
    "teams": {},
    "slots": {"event_type_id": 1, "start": START, "end": START.replace(day=12)},
}
WRITES = ("reserve", "update", "delete")
READS = ("get", "event_types", "event_type", "team_event_types", "teams", "slots")
RATED = {
    "X-RateLimit-Limit-Default": "120",
    "X-RateLimit-Remaining-Default": "119",
    "X-RateLimit-Reset-Default": "60",
}


def each(write: str, read: str) -> dict[str, str]:
    """Return every verb with its outcome."""
    return {**dict.fromkeys(WRITES, write), **dict.fromkeys(READS, read)}


def call_of(verb: str, **keywords: Any) -> Call[Any]:
    """Return the call of an endpoint; keywords replace those of ``VERBS``."""
    call: Call[Any] = getattr(endpoints, verb)(**VERBS[verb] | keywords)
    return call


def response(status: int, body: str, headers: dict[str, str] = RATED) -> httpx.Response:
    """Return a response as a client receives it."""
    return httpx.Response(status, headers=headers, content=body.encode())


def read(
    verb: str, received: httpx.Response, *, api_key: str = KEY, **keywords: Any
) -> Answer[Any]:
    """Read a response as the clients do. Raises CalcomError."""
    pending = PendingCall(call_of(verb, **keywords), Access(BASE, api_key))
    if pending.take_head(received):
        pending.take(received.content)
    found = pending.answered()
    if isinstance(found, CalcomError):
        raise found
    return found


def ends(verb: str, data: object, **keywords: Any) -> Any:
    """Read data of a good answer: return the value, or class and cause of the error."""
    body = json.dumps({"status": "success", "data": data})
    return outcome(lambda: read(verb, response(200, body), **keywords))


class Ask(Protocol):
    """Make a client, send one call, close it."""

    def __call__(
        self,
        verb: str,
        *,
        base_url: str = BASE,
        api_key: str = KEY,
        call_seconds: float = 10.0,
        transport: Any = None,
        **keywords: Any,
    ) -> Answer[Any]: ...


def ask(
    verb: str,
    *,
    base_url: str = BASE,
    api_key: str = KEY,
    call_seconds: float = 10.0,
    transport: Any = None,
    **keywords: Any,
) -> Answer[Any]:
    """Ask through ``Client``."""
    with Client(
        base_url=base_url, api_key=api_key, call_seconds=call_seconds, transport=transport
    ) as client:
        return good(client.answer_to(call_of(verb, **keywords)))


def ask_async(
    verb: str,
    *,
    base_url: str = BASE,
    api_key: str = KEY,
    call_seconds: float = 10.0,
    transport: Any = None,
    **keywords: Any,
) -> Answer[Any]:
    """Ask through ``AsyncClient``."""

    async def asked() -> Answer[Any]:
        async with AsyncClient(
            base_url=base_url, api_key=api_key, call_seconds=call_seconds, transport=transport
        ) as client:
            return good(await client.answer_to(call_of(verb, **keywords)))

    return asyncio.run(asked())


def good(answer: Answer[T] | CalcomError) -> Answer[T]:
    """Return a good answer; raise the error."""
    if isinstance(answer, CalcomError):
        raise answer
    return answer


def outcome(call: Callable[[], Answer[Any] | CalcomError]) -> Any:
    """Return the value, or class and cause of the error: ``Refused already_booked``."""
    try:
        return good(call()).value
    except CalcomError as error:
        return named(error)


def outcomes(asked: Ask, **keywords: Any) -> dict[str, Any]:
    """Return the outcome of every verb, called one after the other."""
    return {verb: outcome(lambda verb=verb: asked(verb, **keywords)) for verb in VERBS}


def named(error: CalcomError) -> str:
    """Return class and cause of an error."""
    return f"{type(error).__name__} {error.cause}"
