"""A line on which a page comes in small pieces, as over a poor mobile network."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.browser.threaded import in_a_thread

PIECE = 600  # bytes
PAUSE = 0.02  # seconds after each; a browser paints every 0.016
NOT_HANDED_ON = {"connection", "date", "server", "transfer-encoding"}


class _Handler(BaseHTTPRequestHandler):
    """Asks what the browser asks, uncompressed; pages come back piece by piece."""

    def do_GET(self) -> None:
        headers = {**self.headers, "Accept-Encoding": "identity", "Connection": "close"}
        answer = httpx.get(self.path, headers=headers, trust_env=False)
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in NOT_HANDED_ON:
                self.send_header(name, value)
        self.end_headers()
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        self._send(answer.content, PIECE if is_page else len(answer.content))

    def _send(self, body: bytes, piece: int) -> None:
        for start in range(0, len(body), piece):
            self.wfile.write(body[start : start + piece])
            self.wfile.flush()
            time.sleep(PAUSE)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that has left is nothing to tell of."""


def slow_line() -> AbstractContextManager[str]:
    """The address of the line, for a browser to use as its proxy."""
    return in_a_thread(_Server(("127.0.0.1", 0), _Handler))
