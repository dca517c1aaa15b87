"""Send requests over pooled connections, so that every call ends in time.

httpx limits each read alone: a server that sends one byte a second holds a call forever. The
asynchronous client cancels such a call with ``asyncio.timeout``. A thread cannot be cancelled, and
no option of httpx bounds a whole call, so ``Transport`` gives the connection pool that httpx itself
uses a network backend whose waits end with the call.
https://www.encode.io/httpcore/network-backends/
"""

import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from math import inf
from time import monotonic
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from dashboard.calcom.addresses import Racer

# cal.com closes idle connections after 5 seconds; a call on one just closed gets no answer.
LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=4.0)
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

call_ends: ContextVar[float] = ContextVar("call_ends", default=inf)  # of time.monotonic()
has_received: ContextVar[bool] = ContextVar("has_received")  # since this call was begun


@cache  # reading the certificates takes longer than a call
def tls_context() -> ssl.SSLContext:
    """Verify against certifi's authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR.

    Raises httpx.ConnectError where that cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as problem:
        raise httpx.ConnectError(f"SSL_CERT_FILE or SSL_CERT_DIR: {problem.strerror}") from problem


def proxy_for(base_url: str) -> httpx.Proxy | None:
    """Return the proxy of HTTPS_PROXY or HTTP_PROXY; None for a host of NO_PROXY or loopback.

    Raises httpx.ConnectError for a proxy that is not an HTTP proxy.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        return None  # every call fails for this reason
    address = getproxies().get(url.scheme, "")
    if not address or url.host in LOOPBACK or proxy_bypass(url.netloc.decode("ascii")):
        return None
    try:
        proxy = httpx.URL(address if "://" in address else f"http://{address}")
    except httpx.InvalidURL:
        proxy = httpx.URL()
    if proxy.scheme not in {"http", "https"} or not proxy.host:
        raise httpx.ConnectError(f"{url.scheme.upper()}_PROXY must be an http or https address")
    return httpx.Proxy(proxy, ssl_context=tls_context() if proxy.scheme == "https" else None)


class Transport(httpx.HTTPTransport):
    """Send over pooled connections; a request's read timeout bounds the whole call."""

    def __init__(self, proxy: httpx.Proxy | None = None) -> None:
        super().__init__(verify=tls_context())
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(),
            proxy=httpcore.Proxy(str(proxy.url), proxy.raw_auth, ssl_context=proxy.ssl_context)
            if proxy
            else None,
            max_connections=LIMITS.max_connections,
            max_keepalive_connections=LIMITS.max_keepalive_connections,
            keepalive_expiry=LIMITS.keepalive_expiry,
            network_backend=NetworkBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and return the head of the response; its body is still to be read.

        Raises httpx.RemoteProtocolError for a head that came before the request: it was sent
        along with the answer to another.
        """
        call_ends.set(monotonic() + request.extensions["timeout"]["read"])
        has_received.set(False)
        response = super().handle_request(request)
        if not has_received.get():
            response.close()  # and the connection with it
            raise httpx.RemoteProtocolError("An answer came before its request.")
        return response


class FailingTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Fail every call because the environment cannot be used; people read why."""

    def __init__(self, fault: httpx.ConnectError) -> None:
        self._reason = str(fault)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(self._reason, request=request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(self._reason, request=request)


def transport_for(base_url: str) -> httpx.BaseTransport:
    try:
        return Transport(proxy_for(base_url))
    except httpx.ConnectError as fault:
        return FailingTransport(fault)


def async_transport_for(base_url: str) -> httpx.AsyncBaseTransport:
    """Return a transport that makes a connection for each call.

    An answer that was sent twice is then never taken for that to the next call.
    """
    limits = httpx.Limits(max_connections=LIMITS.max_connections, max_keepalive_connections=0)
    try:
        return httpx.AsyncHTTPTransport(
            verify=tls_context(), limits=limits, proxy=proxy_for(base_url)
        )
    except httpx.ConnectError as fault:
        return FailingTransport(fault)


class NetworkBackend(httpcore.SyncBackend):
    """Connect to the address of a host that answers first."""

    def __init__(self) -> None:
        self._racer = Racer()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        def connect(address: str, seconds: float) -> httpcore.NetworkStream:
            return super(NetworkBackend, self).connect_tcp(
                address, port, seconds, local_address, socket_options
            )

        wait = time_left(timeout, httpcore.ConnectTimeout)
        return Stream(self._racer.connect(host, port, wait, connect))


class Stream(httpcore.NetworkStream):
    """A connection whose waits end with the call."""

    def __init__(self, connection: httpcore.NetworkStream) -> None:
        self._connection = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        has_received.set(True)
        return self._connection.read(max_bytes, time_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._connection.write(buffer, time_left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._connection.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        wait = time_left(timeout, httpcore.ConnectTimeout)
        return Stream(self._connection.start_tls(ssl_context, server_hostname, wait))

    def get_extra_info(self, info: str) -> object:
        return self._connection.get_extra_info(info)


def time_left(timeout: float | None, late: type[Exception]) -> float:
    """Return the seconds to wait now. Raises ``late`` once the call has ended."""
    left = call_ends.get() - monotonic()
    if left <= 0:
        raise late("The call has lasted too long.")
    return left if timeout is None else min(timeout, left)
