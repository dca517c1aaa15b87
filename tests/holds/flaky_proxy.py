"""A connection to cal.com that loses, cuts and replaces answers, or frames them in other ways."""

import random
import socket
from collections.abc import Callable

from tests.calcom.scripted import Play, Scripted, receive, reply

FAULTS = (
    "no request",
    "no answer",
    "half an answer",
    "page instead of request",
    "page instead of answer",
    "half a body",
)
FRAMINGS = ("with length", "chunked", "until closed")
PAGE = reply(b"<html>Bad gateway</html>", status=b"502 Bad Gateway")
Answer = tuple[bytes, bytes]  # head, body


def flaky_proxy(url: str, chance: random.Random, *, faulty: float) -> Play:
    """Carry requests to ``url``; ``faulty`` is the share of those that meet a fault."""
    port = int(url.rpartition(":")[2])

    def play(connection: socket.socket, server: Scripted) -> None:
        while receive(connection, server):
            fate = chance.choice(FAULTS if chance.random() < faulty else FRAMINGS)
            if fate == "no request":
                return
            is_page = fate == "page instead of request"
            connection.sendall(PAGE if is_page else spoil(fate, forward(port, server)))
            if fate in ("no answer", "half an answer", "until closed"):
                return

    return play


def forward(port: int, server: Scripted) -> Answer:
    """Send the last request on; return the answer without the headers of the connection."""
    request = server.requests[-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    with socket.create_connection(("127.0.0.1", port)) as real:
        real.sendall(request)
        with real.makefile("rb") as reader:
            head, _, body = reader.read().partition(b"\r\n\r\n")
    dropped = (b"connection:", b"content-length:")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(dropped)]
    return b"\r\n".join(kept), body


def spoil(fate: str, answer: Answer) -> bytes:
    head, body = answer
    forms: dict[str, Callable[[], bytes]] = {
        "no answer": lambda: b"",
        "half an answer": lambda: with_length(head, body)[: -len(body) // 2],
        "page instead of answer": lambda: PAGE,
        "half a body": lambda: with_length(head, body[: len(body) // 2]),
        "with length": lambda: with_length(head, body),
        "chunked": lambda: chunked(head, body),
        "until closed": lambda: head.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + b"\r\n\r\n" + body,
    }
    return forms[fate]()


def with_length(head: bytes, body: bytes) -> bytes:
    return b"%s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def chunked(head: bytes, body: bytes) -> bytes:
    pieces = (body[start : start + 50] for start in range(0, len(body), 50))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
