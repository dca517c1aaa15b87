"""How bytes reach cal.com: pooled connections, one pool per client, with a deadline on each call.

Sent through a transport, and not through ``httpx.Client``, a call has no redirects, no cookies, no
netrc and no proxies from the environment, and httpx does not log its address.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import httpcore
import httpx

from dashboard.calcom.deadline import AsyncBackend, Backend

CONNECTIONS = 20  # of one process
# cal.com closes idle connections after five seconds; a call on one just closed gets no answer.
IDLE_SECONDS = 4.0


class Transport(httpx.BaseTransport):
    """Pooled connections for ``Client``. Raises the exceptions of httpcore."""

    def __init__(self) -> None:
        self._pool = httpcore.ConnectionPool(network_backend=Backend(), **_pool_options())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and come back with the head of the answer; its body is still to be read."""
        answer = self._pool.handle_request(_request(request))
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """Pooled connections for ``AsyncClient``. Raises the exceptions of httpcore."""

    def __init__(self) -> None:
        self._pool = httpcore.AsyncConnectionPool(network_backend=AsyncBackend(), **_pool_options())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and come back with the head of the answer; its body is still to be read."""
        answer = await self._pool.handle_async_request(_request(request))
        return httpx.Response(answer.status, headers=answer.headers, stream=_AsyncBody(answer))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        await self._answer.aclose()


def _request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _pool_options() -> dict[str, Any]:
    return {
        "ssl_context": _tls(),
        "max_connections": CONNECTIONS,
        "max_keepalive_connections": CONNECTIONS,
        "keepalive_expiry": IDLE_SECONDS,
    }


@cache  # reading the certificates takes longer than a call
def _tls() -> ssl.SSLContext:
    """Verifies against certifi's authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR."""
    return httpx.create_ssl_context()
