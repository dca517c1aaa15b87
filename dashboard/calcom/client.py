"""Client and AsyncClient: two thin senders of the same endpoints.

    with Client(base_url="https://api.cal.com", api_key="cal_…") as cal:
        answer = cal.reserve(event_type_id=1, slot_start=start, reservation_duration=15)
        answer.value.reservation_until, answer.exchange.rate

Every method takes the keywords of its function in ``endpoints``, returns an ``Answer`` and raises a
``CalcomError``. Nothing is ever sent twice: whether to ask again is the caller's to know. A client
may be shared between threads but not between processes: make it after a fork.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from inspect import Parameter, signature
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

import httpx

from dashboard.calcom import endpoints
from dashboard.calcom.attempt import FAULTS, Access, Attempt
from dashboard.calcom.endpoints import Call
from dashboard.calcom.errors import CalcomError
from dashboard.calcom.quiet import keep_quiet
from dashboard.calcom.transport import AsyncTransport, Transport
from dashboard.calcom.types import Answer

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=Callable[..., object])

keep_quiet()


def _good(outcome: Answer[T] | CalcomError) -> Answer[T]:
    """The answer. The error is raised here, where no request and no body is in sight."""
    if isinstance(outcome, CalcomError):
        raise outcome
    return outcome


def _named(method: M, build: Callable[..., object]) -> M:
    """The method under its endpoint's name, words and keywords."""
    given = signature(build)
    client = Parameter("self", Parameter.POSITIONAL_ONLY)
    method.__name__ = build.__name__
    method.__doc__ = build.__doc__
    method.__dict__["__signature__"] = given.replace(
        parameters=[client, *given.parameters.values()],
        return_annotation=str(given.return_annotation).replace("Call[", "Answer[", 1),
    )
    return method


def _access(base_url: str, api_key: str, call_seconds: float) -> Access:
    if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        raise ValueError("The API key must be visible ASCII characters.")
    return Access(base_url.rstrip("/"), api_key, call_seconds)


def _sync(build: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], Answer[T]]:
    """An endpoint as a method of ``Client``."""

    def method(client: Client, /, *args: P.args, **kwargs: P.kwargs) -> Answer[T]:
        call = build(*args, **kwargs)
        del args, kwargs  # an error raised from here shows its frame, and they hold the uid
        return _good(client._send(call))

    return _named(method, build)


def _async(
    build: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, Answer[T]]]:
    """An endpoint as a method of ``AsyncClient``."""

    async def method(client: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Answer[T]:
        call = build(*args, **kwargs)
        del args, kwargs
        return _good(await client._send(call))

    return _named(method, build)


class Client:
    """Calls cal.com and waits.

    ``base_url`` may carry a path, such as ``https://cal.example.org/api``. ``call_seconds`` bounds
    every call as a whole. ``transport`` takes the place of the network.
    Raises ValueError for a key that no header can carry.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        transport: httpx.BaseTransport | None = None,
        call_seconds: float = 10.0,
    ) -> None:
        self._access = _access(base_url, api_key, call_seconds)
        self._transport = transport or Transport()

    reserve = _sync(endpoints.reserve)
    get = _sync(endpoints.get)
    update = _sync(endpoints.update)
    delete = _sync(endpoints.delete)
    event_types = _sync(endpoints.event_types)
    event_type = _sync(endpoints.event_type)
    slots = _sync(endpoints.slots)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: Call[T]) -> Answer[T] | CalcomError:
        attempt = Attempt(call, self._access)
        try:
            response = self._transport.handle_request(attempt.request())
            attempt.meet(response)
            try:
                for chunk in cast("httpx.SyncByteStream", response.stream):
                    if not attempt.take(chunk):
                        break
            finally:
                response.close()
        except FAULTS as fault:
            return attempt.failed(fault)
        return attempt.answered()


class AsyncClient:
    """The same for asynchronous code; made, used and closed within one event loop of asyncio."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        transport: httpx.AsyncBaseTransport | None = None,
        call_seconds: float = 10.0,
    ) -> None:
        self._access = _access(base_url, api_key, call_seconds)
        self._transport = transport or AsyncTransport()

    reserve = _async(endpoints.reserve)
    get = _async(endpoints.get)
    update = _async(endpoints.update)
    delete = _async(endpoints.delete)
    event_types = _async(endpoints.event_types)
    event_type = _async(endpoints.event_type)
    slots = _async(endpoints.slots)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _send(self, call: Call[T]) -> Answer[T] | CalcomError:
        attempt = Attempt(call, self._access)
        try:
            response = await self._transport.handle_async_request(attempt.request())
            attempt.meet(response)
            try:
                async for chunk in cast("httpx.AsyncByteStream", response.stream):
                    if not attempt.take(chunk):
                        break
            finally:
                await response.aclose()
        except FAULTS as fault:
            return attempt.failed(fault)
        return attempt.answered()
