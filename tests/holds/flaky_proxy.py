"""A bad line to cal.com: what passes it breaks, is cut, or comes in another of HTTP's forms."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

from tests.calcom.scripted import Play, Scripted, receive, reply

HURT = ("lost before", "lost after", "half", "page before", "page after", "cut")
SOUND = ("whole", "chunked", "until closed")
PAGE = reply(b"<html>Bad gateway</html>", status=b"502 Bad Gateway")


def line_to(url: str, chance: random.Random, *, hurt: float) -> Play:
    """Carries requests to ``url``; ``hurt`` is the share of those that something happens to."""
    port = int(url.rpartition(":")[2])

    def play(connection: socket.socket, server: Scripted) -> None:
        while receive(connection, server):
            fate = chance.choice(HURT if chance.random() < hurt else SOUND)
            if fate == "lost before":
                return
            answer = PAGE if fate == "page before" else _spoilt(fate, _asked(port, server))
            connection.sendall(answer)
            if fate in ("lost after", "half", "until closed"):
                return

    return play


def _asked(port: int, server: Scripted) -> tuple[bytes, bytes]:
    """Head, without what belongs to the connection, and body of the real answer."""
    request = server.requests[-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    with socket.create_connection(("127.0.0.1", port)) as real:
        real.sendall(request)
        with real.makefile("rb") as reader:
            head, _, body = reader.read().partition(b"\r\n\r\n")
    ours = (b"connection:", b"content-length:")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(ours)]
    return b"\r\n".join(kept), body


def _spoilt(fate: str, answer: tuple[bytes, bytes]) -> bytes:
    head, body = answer
    forms: dict[str, Callable[[], bytes]] = {
        "lost after": lambda: b"",
        "half": lambda: _sized(head, body)[: -len(body) // 2],
        "page after": lambda: PAGE,
        "cut": lambda: _sized(head, body[: len(body) // 2]),
        "whole": lambda: _sized(head, body),
        "chunked": lambda: _chunked(head, body),
        "until closed": lambda: head.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + b"\r\n\r\n" + body,
    }
    return forms[fate]()


def _sized(head: bytes, body: bytes) -> bytes:
    return b"%s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def _chunked(head: bytes, body: bytes) -> bytes:
    pieces = (body[start : start + 50] for start in range(0, len(body), 50))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
