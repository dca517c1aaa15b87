"""A proxy that sends pages in small pieces, like a poor mobile network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

PIECE = 600  # bytes
PAUSE = 0.02  # seconds after each; a browser paints every 0.016
DROPPED_HEADERS = {"connection", "date", "server", "transfer-encoding"}


class _Handler(BaseHTTPRequestHandler):
    """Forward each request uncompressed, and send pages back piece by piece."""

    def do_GET(self) -> None:
        headers = {**self.headers, "Accept-Encoding": "identity", "Connection": "close"}
        answer = httpx.get(self.path, headers=headers, trust_env=False, timeout=60, verify=False)
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in DROPPED_HEADERS:
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
        """Say nothing of a browser that closed its connection."""


@contextmanager
def slow_proxy() -> Iterator[str]:
    """Run the proxy in a thread and give its address."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
