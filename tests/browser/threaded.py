"""A server of the standard library that runs beside the test which asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread


@contextmanager
def in_a_thread(server: HTTPServer) -> Iterator[str]:
    """Its address, for as long as it runs; in the end it is stopped and closed."""
    with server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
