"""HTTP/1.1 on a port of this machine, on the standard library's server: one thread a connection.

As Node's server does (https://nodejs.org/api/http.html), it closes connections after five idle
seconds and sends nothing to a client that has closed its side.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 5
NO_LINGER = struct.pack("ii", 1, 0)  # closing the socket sends a reset
JSON_TYPE = "application/json; charset=utf-8"
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as received: ``target`` is not decoded, header names are in lower case."""

    method: str
    target: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the server adds the headers about length and connection."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The end of a connection in place of an answer, or in the middle of ``response``."""

    with_reset: bool = False
    response: Response | None = None


Reply = Response | Disconnect


def to_json(value: Any) -> bytes:
    """Return the value as ``JSON.stringify`` writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


class Handler(BaseHTTPRequestHandler):
    """Handler of one connection, which answers by the function of its server."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Server

    def answer(self) -> None:
        size = self.headers.get("Content-Length", "0")
        if self.headers.defects or "Transfer-Encoding" in self.headers or not size.isdecimal():
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        body = self.rfile.read(int(size))
        if len(body) < int(size):  # the client left before it had sent all
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): text.strip() for name, text in self.headers.items()}
        request = Request(self.command, self.path, path, query, headers, body)
        reply = self.server.reply(request)
        if isinstance(reply, Disconnect):
            self.disconnect(reply)
        elif self.client_is_gone():
            self.close_connection = True
        else:
            self.send(reply, reply.body)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def send(self, response: Response, body: bytes) -> None:
        """Send the response with ``body``, which may be a part of its own."""
        self.send_response_only(response.status)
        for name, text in response.headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        else:
            self.send_header("Connection", "keep-alive")
            self.send_header("Keep-Alive", f"timeout={IDLE_SECONDS}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def disconnect(self, reply: Disconnect) -> None:
        if reply.response is not None:
            body = reply.response.body
            self.send(reply.response, body[: len(body) // 2])
        if reply.with_reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self.connection.close()
        self.close_connection = True

    def client_is_gone(self) -> bool:
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return bool(poll.poll(0)) and not self.connection.recv(1, socket.MSG_PEEK)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is not HTTP as Node does, without a body."""
        del message, explain
        self.close_connection = True
        head = f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\nConnection: close\r\n\r\n"
        self.wfile.write(head.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class Server(ThreadingTCPServer):
    """Server that listens on loopback from its creation on and answers from ``start`` on.

    Port 0 takes a free one. Raises OSError for a port in use.
    """

    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, port: int, reply: Callable[[Request], Reply], *, name: str) -> None:
        super().__init__((LOOPBACK, port), Handler)
        self.reply = reply
        self.port: int = self.socket.getsockname()[1]
        self._connections: set[socket.socket] = set()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the port and all connections, and wait for their threads."""
        self._is_stopping = True
        socket.create_connection((LOOPBACK, self.port)).close()  # wakes the accepting thread
        self._thread.join()
        for connection in self._connections.copy():
            with contextlib.suppress(OSError):  # closed meanwhile
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Ignore clients that vanish, and let any other error end the thread."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            raise error

    def _accept(self) -> None:
        while not self._is_stopping:
            self.handle_request()
