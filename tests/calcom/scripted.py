"""A real server on loopback that does with each connection what a test says."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

NULL = b'{"status":"success","data":null}'


@dataclass
class Scripted:
    """Address of the server, and what it received: one entry for each whole request."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


Play = Callable[[socket.socket, Scripted], None]


@contextmanager
def scripted(play: Play, port: int = 0) -> Iterator[Scripted]:
    """Serve each connection with ``play`` in a thread of its own, until the end of the block."""
    server = Scripted()
    threads: list[threading.Thread] = []
    listener = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                server.connections += 1
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

    def serve(connection: socket.socket) -> None:
        connection.settimeout(120)
        with connection, suppress(OSError):
            play(connection, server)

    server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def receive(connection: socket.socket, server: Scripted) -> bool:
    """Read one whole request; return whether there was one."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
        head, found, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
        if found and len(body) >= length:
            server.requests.append(received)
            return True
    return False


def reply(body: bytes = NULL, *, status: bytes = b"200 OK", headers: bytes = b"") -> bytes:
    """Return the bytes of an answer."""
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body)


def sending(*parts: bytes) -> Play:
    """Answer every request with these bytes, then close."""

    def play(connection: socket.socket, server: Scripted) -> None:
        if receive(connection, server):
            for part in parts:
                connection.sendall(part)

    return play


def hang_up(connection: socket.socket, server: Scripted) -> None:
    """Read a request, and close without an answer."""
    receive(connection, server)


def silent(connection: socket.socket, server: Scripted) -> None:
    """Read a request, and answer nothing for as long as the caller waits."""
    receive(connection, server)
    connection.recv(1)


def keeping_open(connection: socket.socket, server: Scripted) -> None:
    """Answer every request of a connection with ``data: null``."""
    while receive(connection, server):
        connection.sendall(reply())


def answering_twice(connection: socket.socket, server: Scripted) -> None:
    """Answer every request with ``data: null``, and along with it the next one as a DELETE."""
    while receive(connection, server):
        connection.sendall(reply() + reply(b'{"status":"success"}'))


def reset(connection: socket.socket) -> None:
    """Close with an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def over_tls(context: ssl.SSLContext, play: Play) -> Play:
    """Play within TLS."""

    def secured(connection: socket.socket, server: Scripted) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            play(inner, server)

    return secured
