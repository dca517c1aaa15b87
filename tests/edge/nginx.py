"""Run nginx with TLS, configured by what ``manage.py proxy_config nginx`` prints."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from dashboard.edge.public_address import public_address
from dashboard.management.commands.proxy_config import configuration
from tests import run
from tests.parts import program, require
from tests.ports import free_ports
from tests.serving import WAIT_SECONDS

NAME = "desk.example.org"
CERTIFICATE = "/etc/ssl/certs/holdfast.pem"
KEY = "/etc/ssl/private/holdfast.key"
WHOLE = """\
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
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
    """Return the printed configuration with this test's ports and certificate filled in."""
    shown = printed("nginx", prefix, upstream, ports)
    return replaced(
        shown,
        {
            f"listen {ports.tls} ssl http2;": f"listen 127.0.0.1:{ports.tls} ssl http2;",
            f"    listen [::]:{ports.tls} ssl http2;\n": "",
            "listen 80;": f"listen 127.0.0.1:{ports.plain};",
            "    listen [::]:80;\n": "",
            CERTIFICATE: f"{folder}/certificate.pem",
            KEY: f"{folder}/key.pem",
        },
    )


def printed(kind: str, prefix: str, upstream: str, ports: Ports) -> str:
    """Return what ``manage.py proxy_config`` prints for NAME on this test's port.

    ``upstream`` is ``http://HOST:PORT`` or ``http://unix:PATH:``.
    """
    bind = upstream.removeprefix("http://").removesuffix(":")
    address = public_address(f"https://{NAME}:{ports.tls}{prefix}")
    return configuration(kind, address=address, bind=bind)


def replaced(text: str, replacements: dict[str, str]) -> str:
    """Replace each text, which must be there exactly once; else raise ValueError."""
    for written, replacement in replacements.items():
        if text.count(written) != 1:
            raise ValueError(f"the printed configuration has not one {written!r}")
        text = text.replace(written, replacement)
    return text


@contextlib.contextmanager
def running(prefix: str, upstream: str, ports: Ports, folder: Path) -> Iterator[None]:
    """Run nginx in front of ``upstream``."""
    server = require("nginx", program("nginx"))
    create_certificate(folder)
    whole = WHOLE.format(folder=folder, block=block(prefix, upstream, ports, folder))
    (folder / "nginx.conf").write_text(whole)
    command = [server, "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
    with listening(command, ports.tls, folder / "nginx.log"):
        yield


@contextlib.contextmanager
def listening(
    command: list[str | Path], port: int, log: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a proxy, from when it listens on this port; its output goes to ``log``."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=os.environ | environment
        )
    try:
        wait_until_listening(process, port, log)
        yield process
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def create_certificate(folder: Path) -> None:
    """Copy a self-signed certificate and its key, made once for the run, into the folder."""
    made = run.folder() / "certificate"
    with run.locked(made.name):
        if not made.exists():
            new_certificate(made)
    for name in ("certificate.pem", "key.pem"):
        shutil.copy(made / name, folder)


def new_certificate(folder: Path) -> None:
    openssl = require("openssl", program("openssl"))
    folder.mkdir()
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
