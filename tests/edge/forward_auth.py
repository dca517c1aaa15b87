"""Run nginx and Caddy with the README's blocks of sign-in by the proxy, and a server to ask."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.edge.nginx import WHOLE, listening
from tests.parts import program, require
from tests.serving import PROJECT

CADDY = """\
{{
    admin off
    auto_https off
    storage file_system {folder}/caddy
}}
{block}
"""


class AuthServer(BaseHTTPRequestHandler):
    """Answer as oauth2-proxy: the cookie ``sso`` is name:group; ":" is signed in without name.

    The name may be percent-encoded; the header has it in UTF-8.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        sso = SimpleCookie(self.headers.get("Cookie", "")).get("sso")
        self.send_response(202 if sso else 401)
        name, _colon, group = (sso.value if sso else "").partition(":")
        if name:
            self.send_header("X-Auth-Request-User", unquote(name, encoding="latin-1"))
            self.send_header("X-Auth-Request-Groups", group)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextlib.contextmanager
def auth_server() -> Iterator[str]:
    """Run the server; yield its host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AuthServer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def block(language: str, word: str, replaced: dict[str, str]) -> str:
    """Return the README's block that contains ``word``, with this test's addresses.

    Raises ValueError if the block misses one of the replaced words.
    """
    blocks = re.findall(rf"```{language}\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    (shown,) = [text for text in blocks if word in text]
    for written, replacement in replaced.items():
        if written not in shown:
            raise ValueError(f"the README's block has no {written!r}")
        shown = shown.replace(written, replacement)
    return shown


@contextlib.contextmanager
def running(proxy: str, *, upstream: str, auth: str, port: int, folder: Path) -> Iterator[str]:
    """Run ``nginx`` or ``caddy`` on a port; yield its address."""
    addresses = {"127.0.0.1:4180": auth, "127.0.0.1:8000": upstream}
    if proxy == "nginx":
        shown = block("nginx", "auth_request", addresses)
        server = f"server {{ listen 127.0.0.1:{port};\n{shown}\n}}"
        text = WHOLE.format(folder=folder, block=server)
    else:
        shown = block("caddyfile", "forward_auth", addresses | {"desk.example.org": f":{port}"})
        text = CADDY.format(folder=folder, block=shown)
    (folder / proxy).write_text(text)
    arguments = {
        "nginx": ["-c", folder / proxy, "-e", folder / "nginx.log"],
        "caddy": ["run", "--adapter", "caddyfile", "--config", folder / proxy],
    }[proxy]
    command = [require(proxy, program(proxy)), *arguments]
    with listening(command, port, folder / f"{proxy}.output"):
        yield f"http://127.0.0.1:{port}"
