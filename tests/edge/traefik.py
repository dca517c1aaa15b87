"""Run Traefik with TLS, configured by what ``manage.py proxy_config traefik`` prints."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.edge.nginx import (
    CERTIFICATE,
    KEY,
    NAME,
    Ports,
    create_certificate,
    listening,
    printed,
    replaced,
)
from tests.parts import program, require
from tests.waiting import wait_for

STATIC = """\
entryPoints:
  websecure:
    address: "127.0.0.1:{ports.tls}"
providers:
  file:
    filename: {folder}/holdfast.yml
"""


def server() -> str:
    """Return the program, of the machine or of this environment's package."""
    beside = Path(sys.executable).with_name("traefik")
    return require("Traefik", str(beside) if beside.exists() else program("traefik") or "")


@contextlib.contextmanager
def running(prefix: str, upstream: str, ports: Ports, folder: Path) -> Iterator[None]:
    """Run Traefik in front of ``upstream``."""
    command = [server(), "--configfile", folder / "traefik.yml"]
    create_certificate(folder)
    shown = printed("traefik", prefix, upstream, ports)
    files = {CERTIFICATE: f"{folder}/certificate.pem", KEY: f"{folder}/key.pem"}
    (folder / "holdfast.yml").write_text(replaced(shown, files))
    (folder / "traefik.yml").write_text(STATIC.format(ports=ports, folder=folder))
    with listening(command, ports, folder / "traefik.log"):
        wait_for(lambda: ends_tls(ports.tls))  # it listens before it has read its files
        yield


def ends_tls(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as plain:
        context.wrap_socket(plain, server_hostname=NAME).close()
        return True
    return False
