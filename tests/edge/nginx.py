"""Run nginx with TLS, configured by the block in the README."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.parts import program, require
from tests.ports import free_ports
from tests.serving import PROJECT, WAIT_SECONDS

NAME = "desk.example.org"
WHOLE = """\
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{block}
}}
"""


@dataclass(frozen=True)
class Ports:
    plain: int
    tls: int


def block(prefix: str, upstream: str, ports: Ports, folder: Path) -> str:
    """Return the README's block with this test's ports, certificate and server filled in.

    Raises ValueError if the block misses one of the replaced lines.
    """
    text = re.search(r"```nginx\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    shown = text[1] if text else ""
    for written, replacement in {
        "listen 443 ssl;": f"listen 127.0.0.1:{ports.tls} ssl;",
        "listen 80;": f"listen 127.0.0.1:{ports.plain};",
        "/etc/ssl/certs/desk.example.org.pem": f"{folder}/certificate.pem",
        "/etc/ssl/private/desk.example.org.key": f"{folder}/key.pem",
        "http://127.0.0.1:8000;": f"{upstream};",
        "location / {": f"location {prefix}/ {{",
    }.items():
        if shown.count(written) != 1:
            raise ValueError(f"the README's block for nginx has no {written!r}")
        shown = shown.replace(written, replacement)
    return shown


@contextlib.contextmanager
def running(prefix: str, upstream: str, ports: Ports, folder: Path) -> Iterator[None]:
    """Run nginx in front of ``upstream``."""
    server = require("nginx", program("nginx"))
    create_certificate(folder)
    whole = WHOLE.format(folder=folder, block=block(prefix, upstream, ports, folder))
    (folder / "nginx.conf").write_text(whole)
    command = [server, "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(process, ports.tls, folder / "nginx.log")
        yield
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def create_certificate(folder: Path) -> None:
    """Create a self-signed certificate and its key."""
    openssl = require("openssl", program("openssl"))
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"),
            *("-keyout", folder / "key.pem", "-out", folder / "certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )


def wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(log.read_text(errors="replace"))


def two_ports() -> Ports:
    return Ports(*free_ports(2))


class LoopbackTransport(httpx.HTTPTransport):
    """Resolve every host name to this machine, and verify the name in the certificate."""

    def __init__(self, folder: Path, local_address: str) -> None:
        trust = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
        super().__init__(verify=trust, local_address=local_address)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        redirected = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": request.url.host},
        )
        return super().handle_request(redirected)
