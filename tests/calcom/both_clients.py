"""Both clients behind one function, so that a test says once what holds for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from dashboard.calcom import Answer, AsyncClient, CalcomError, Client

BASE = "http://cal.test"
KEY = "cal_ownerfast0123456789"
UID = "12197e27-8acb-4005-ae3e-50a98d8eb171"
START = datetime(2027, 1, 11, 9, tzinfo=UTC)
RESERVE: dict[str, Any] = {"event_type_id": 1, "slot_start": START}
# Every method with keywords that do: what holds for each call is tested on each.
VERBS: dict[str, dict[str, Any]] = {
    "reserve": RESERVE,
    "get": {"uid": UID},
    "update": {"uid": UID, **RESERVE},
    "delete": {"uid": UID},
    "event_types": {},
    "event_type": {"event_type_id": 1},
    "slots": {"event_type_id": 1, "start": START, "end": START.replace(day=12)},
}
WRITES = ("reserve", "update", "delete")
READS = ("get", "event_types", "event_type", "slots")


class Ask(Protocol):
    """Make a client, call one of its methods, close it. The keywords are both's."""

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
    """Through ``Client``."""
    with Client(
        base_url=base_url, api_key=api_key, call_seconds=call_seconds, transport=transport
    ) as client:
        found: Answer[Any] = getattr(client, verb)(**keywords)
        return found


def ask_async(
    verb: str,
    *,
    base_url: str = BASE,
    api_key: str = KEY,
    call_seconds: float = 10.0,
    transport: Any = None,
    **keywords: Any,
) -> Answer[Any]:
    """Through ``AsyncClient``."""

    async def asked() -> Answer[Any]:
        async with AsyncClient(
            base_url=base_url, api_key=api_key, call_seconds=call_seconds, transport=transport
        ) as client:
            found: Answer[Any] = await getattr(client, verb)(**keywords)
            return found

    return asyncio.run(asked())


def outcome(call: Callable[[], Answer[Any]]) -> str | Answer[Any]:
    """The answer, or the branch and the cause of the error in words."""
    try:
        return call()
    except CalcomError as error:
        return told(error)


def told(error: CalcomError) -> str:
    """The branch and the cause: ``Refused already_booked``."""
    return f"{type(error).__name__} {error.cause}"


def answering(
    status: int, body: bytes | str = b"", headers: dict[str, str] | None = None
) -> httpx.MockTransport:
    """cal.com with one answer for everything, from its limiter unless ``headers`` say otherwise."""
    content = body.encode() if isinstance(body, str) else body
    rated = {
        "X-RateLimit-Limit-Default": "120",
        "X-RateLimit-Remaining-Default": "119",
        "X-RateLimit-Reset-Default": "60",
    }
    sent = rated if headers is None else headers
    return httpx.MockTransport(lambda _: httpx.Response(status, headers=sent, content=content))
