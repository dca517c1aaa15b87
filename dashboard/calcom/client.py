"""Call cal.com: ``Client`` for ordinary code, ``AsyncClient`` for asynchronous code.

    call = endpoints.reserve(event_type_id=1, slot_start=start, reservation_duration=15)
    with Client(base_url="https://api.cal.com", api_key="cal_…") as client:
        answer = client.answer_to(call)
        if not isinstance(answer, CalcomError):
            answer.value.reservation_until, answer.exchange.rate

Nothing is sent twice: the caller decides whether to ask again. A client may be shared between
threads but not between processes: make it after a fork.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Self, TypeVar

import httpx

from dashboard.calcom.cleansing import quieten_libraries
from dashboard.calcom.endpoints import Access, Call
from dashboard.calcom.errors import CalcomError
from dashboard.calcom.pending_call import FAULTS, PendingCall
from dashboard.calcom.transport import async_transport_for, transport_for
from dashboard.calcom.types import Answer

T = TypeVar("T")

NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])
# Neither .netrc nor a user name in the address may replace the key.
NO_AUTH = httpx.Auth()

quieten_libraries()


def timeouts(call_seconds: float) -> httpx.Timeout:
    """Return the limits of the parts of a call.

    Together, waiting for the pool, connecting and the TLS handshake take less than the whole call:
    a call that runs out of time has been sent, at least to a proxy.
    """
    return httpx.Timeout(call_seconds, pool=call_seconds / 8, connect=call_seconds * 3 / 8)


def drop_location(response: httpx.Response) -> None:
    """Drop an address to redirect to: httpx reads it although it does not follow it, and fails."""
    response.headers.pop("Location", None)


async def drop_location_async(response: httpx.Response) -> None:
    drop_location(response)


class LookUps(ThreadPoolExecutor):
    """Threads in which asyncio looks up names. The end of its loop does not wait for them."""

    def shutdown(self, *_args: object, **_options: object) -> None:
        super().shutdown(wait=False, cancel_futures=True)


class Client:
    """Call cal.com and wait for the answer.

    ``base_url`` may have a path, such as ``https://cal.example.org/api``. ``call_seconds`` bounds
    every call as a whole. ``transport`` replaces the network.
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
        self._access = Access(base_url, api_key)
        self._http = httpx.Client(
            transport=transport or transport_for(base_url),
            timeout=timeouts(call_seconds),
            cookies=CookieJar(NO_COOKIES),
            event_hooks={"response": [drop_location]},
        )

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer_to(self, call: Call[T]) -> Answer[T] | CalcomError:
        """Send a call of ``endpoints`` once, and return its answer or the error.

        The error is raised elsewhere, if at all: this frame has the request, which shows the uid.
        """
        pending = PendingCall(call, self._access)
        try:
            request = call.request(self._access)
            with closing(self._http.send(request, stream=True, auth=NO_AUTH)) as response:
                if pending.take_head(response):
                    for chunk in response.iter_bytes():
                        if not pending.take(chunk):
                            break
        except FAULTS as fault:
            return pending.failed(fault)
        return pending.answered()


class AsyncClient:
    """Call cal.com from asynchronous code.

    Takes what ``Client`` takes. Make, use and close it within one event loop of asyncio.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        transport: httpx.AsyncBaseTransport | None = None,
        call_seconds: float = 10.0,
    ) -> None:
        self._access = Access(base_url, api_key)
        self._call_seconds = call_seconds
        self._http = httpx.AsyncClient(
            transport=transport or async_transport_for(base_url),
            timeout=timeouts(call_seconds),
            cookies=CookieJar(NO_COOKIES),
            event_hooks={"response": [drop_location_async]},
        )

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_default_executor(LookUps())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def answer_to(self, call: Call[T]) -> Answer[T] | CalcomError:
        """Send a call of ``endpoints`` once, and return its answer or the error."""
        pending = PendingCall(call, self._access)
        try:
            request = call.request(self._access)
            async with (
                asyncio.timeout(self._call_seconds),
                aclosing(await self._http.send(request, stream=True, auth=NO_AUTH)) as response,
            ):
                if pending.take_head(response):
                    async for chunk in response.aiter_bytes():
                        if not pending.take(chunk):
                            break
        except FAULTS as fault:
            return pending.failed(fault)
        return pending.answered()
