"""HTTP/1.1 on one socket, as much of it as Node's server shows to a client.

https://nodejs.org/api/http.html: keep-alive with five idle seconds, 400 for what cannot be read, no
answer to a client that closed its own side.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus
from io import BufferedReader

from dashboard.sandbox.message import Hangup, Reply, Request, Response

IDLE_SECONDS = 5
_READ_SECONDS = 60
_LINE = 16 * 1024
_HEADERS = 200
_RESET = struct.pack("ii", 1, 0)  # linger for no time: close sends a reset
_BODY = 4 * 1024 * 1024  # far above what is read at all, so that 413 can be answered
_CHUNK_END = b"\r\n"

Answer = Callable[[Request], Reply]


class UnreadableError(Exception):
    """Not HTTP, or more of it than anybody reads."""


def serve(connection: socket.socket, peer: str, answer: Answer) -> None:
    """Answer requests until either side has enough."""
    with contextlib.suppress(OSError), connection, connection.makefile("rb") as reader:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while _exchange(connection, reader, peer, answer):
                pass
        except (UnreadableError, ValueError):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def _exchange(connection: socket.socket, reader: BufferedReader, peer: str, answer: Answer) -> bool:
    """One request and its answer; whether another may follow."""
    connection.settimeout(IDLE_SECONDS)
    line = reader.readline(_LINE)
    if not line:
        return False
    connection.settimeout(_READ_SECONDS)
    method, target, is_old = _request_line(line)
    headers = _read_headers(reader)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _read_body(reader, headers)
    reply = answer(Request(method, target, headers, body, peer))
    stays = "close" not in headers.get("connection", "").lower() and not is_old
    return _send(connection, reply, stays=stays)


def _send(connection: socket.socket, reply: Reply, *, stays: bool) -> bool:
    if isinstance(reply, Hangup):
        if reply.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return False
    if _has_left(connection):
        return False
    body = reply.body if reply.sent >= 1 else reply.body[: int(len(reply.body) * reply.sent)]
    connection.sendall(_head(reply, stays=stays) + body)
    return stays and reply.sent >= 1


def _head(response: Response, *, stays: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {text}" for name, text in response.headers]
    if stays:
        lines += ["Connection: keep-alive", f"Keep-Alive: timeout={IDLE_SECONDS}"]
    else:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _has_left(connection: socket.socket) -> bool:
    """Whether the client closed its side while it waited: Node then sends nothing."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0)) and not connection.recv(1, socket.MSG_PEEK)


def _request_line(line: bytes) -> tuple[str, str, bool]:
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        raise UnreadableError
    return parts[0], parts[1], parts[2] == "HTTP/1.0"


def _read_headers(reader: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_HEADERS):
        line = reader.readline(_LINE)
        if line in {b"\r\n", b"\n"}:
            return headers
        name, colon, text = line.decode("latin-1").partition(":")
        if not colon:
            raise UnreadableError
        headers[name.strip().lower()] = text.strip()
    raise UnreadableError


def _read_body(reader: BufferedReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return b"".join(_chunks(reader))
    return _exactly(reader, int(headers.get("content-length", "0")))


def _chunks(reader: BufferedReader) -> list[bytes]:
    chunks: list[bytes] = []
    while size := int(reader.readline(_LINE).partition(b";")[0], 16):
        chunks.append(_exactly(reader, size))
        _exactly(reader, len(_CHUNK_END))
    while reader.readline(_LINE) not in {b"\r\n", b"\n", b""}:
        pass
    return chunks


def _exactly(reader: BufferedReader, size: int) -> bytes:
    """So many bytes; OSError where the client left before it had sent them."""
    if not 0 <= size <= _BODY:
        raise UnreadableError
    data = reader.read(size)
    if len(data) < size:
        raise ConnectionAbortedError
    return data
