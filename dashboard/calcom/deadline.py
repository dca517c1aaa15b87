"""A deadline for a whole call, kept on the socket itself.

httpx limits each read alone, so that a server sending one byte a second holds a call for ever.
Here every wait on the network ends with its call, and no byte is written after it: what lasted too
long before the first write is certainly not sent.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from time import monotonic

import httpcore


class Limit(float):
    """Seconds that one wait may take, and never longer than its call has left."""

    deadline: float  # of time.monotonic()

    @classmethod
    def within(cls, seconds: float, deadline: float) -> Limit:
        """At most ``seconds``, and at most until the deadline."""
        limit = cls(seconds)
        limit.deadline = deadline
        return limit


def left(timeout: float | None, late: type[Exception]) -> float | None:
    """The seconds to wait now. Raises ``late`` where the deadline is past."""
    if not isinstance(timeout, Limit):
        return timeout
    seconds = min(timeout, timeout.deadline - monotonic())
    if seconds <= 0:
        raise late("The call has lasted too long.")
    return seconds


class Backend(httpcore.SyncBackend):
    """Connects one address after the other until the deadline."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to one of the host's addresses."""
        fault: Exception = httpcore.ConnectError(f"{host} has no address.")
        for address in _addresses(host, port):
            wait = left(timeout, httpcore.ConnectTimeout)
            try:
                stream = super().connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                fault = problem
            else:
                return Stream(stream)
        raise fault


class Stream(httpcore.NetworkStream):
    """A connection whose waits end with the call."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What the server sent next."""
        return self._inner.read(max_bytes, left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send it all."""
        self._inner.write(buffer, left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection under TLS."""
        wait = left(timeout, httpcore.ConnectTimeout)
        return Stream(self._inner.start_tls(ssl_context, server_hostname, wait))

    def get_extra_info(self, info: str) -> object:
        """What httpcore wants to know about the socket."""
        return self._inner.get_extra_info(info)


class AsyncBackend(httpcore.AnyIOBackend):
    """Connects until the deadline; looking up the name counts, and addresses race."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the host's addresses."""
        wait = left(timeout, httpcore.ConnectTimeout)
        stream = await super().connect_tcp(host, port, wait, local_address, socket_options)
        return AsyncStream(stream)


class AsyncStream(httpcore.AsyncNetworkStream):
    """A connection whose waits end with the call."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What the server sent next."""
        return await self._inner.read(max_bytes, left(timeout, httpcore.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send it all."""
        await self._inner.write(buffer, left(timeout, httpcore.WriteTimeout))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The same connection under TLS."""
        wait = left(timeout, httpcore.ConnectTimeout)
        return AsyncStream(await self._inner.start_tls(ssl_context, server_hostname, wait))

    def get_extra_info(self, info: str) -> object:
        """What httpcore wants to know about the socket."""
        return self._inner.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise httpcore.ConnectError(str(problem)) from problem
    return [str(address[0]) for *_, address in found]
