"""A port on loopback and a thread for each connection to it."""

from __future__ import annotations

import ipaddress
import selectors
import socket
import threading

from dashboard.sandbox.connection import Answer, serve

_BACKLOG = 512
_PATIENCE = 5.0  # seconds for threads to end


class Listener:
    """Listens from ``__init__`` on, so that the address is known; answers from ``start`` on."""

    def __init__(self, host: str, port: int, answer: Answer, *, name: str) -> None:
        check_loopback(host)
        self._answer = answer
        self._name = name
        self._socket = _listening(host, port)
        self._waker, self._wakened = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, name=name, daemon=True)
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        number: int = self._socket.getsockname()[1]
        return number

    @property
    def url(self) -> str:
        host = self._socket.getsockname()[0]
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection, and wait for their threads."""
        self._waker.send(b"x")
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
        for ended in (self._waker, self._wakened, self._socket):
            ended.close()
        with self._lock:
            threads = list(self._open.values())
            for connection in self._open:
                _shut(connection)
        for thread in threads:
            thread.join(_PATIENCE)

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wakened, selectors.EVENT_READ)
            while all(key.fileobj is self._socket for key, _ in selector.select()):
                self._take()

    def _take(self) -> None:
        try:
            connection, address = self._socket.accept()
        except OSError:  # the client gave up before its turn
            return
        thread = threading.Thread(
            target=self._serve, args=(connection, address[0]), name=self._name, daemon=True
        )
        with self._lock:
            self._open[connection] = thread
        thread.start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            serve(connection, peer, self._answer)
        finally:
            with self._lock:
                del self._open[connection]


def check_loopback(host: str) -> None:
    """Raises ValueError for an address that other machines could reach."""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"the stand-in for cal.com listens on loopback only, not on {host}")


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # already gone
        return
