"""Run Traefik with TLS, configured by what ``manage.py proxy_config traefik`` prints."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.edge.nginx import (
    CERTIFICATE,
    KEY,
    NAME,
    LoopbackTransport,
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
    with listening(command, ports.tls, folder / "traefik.log"):
        # It listens before it has read its files, and answers 404 until then.
        wait_for(lambda: has_routes(folder, ports.tls, prefix))
        yield


def has_routes(folder: Path, port: int, prefix: str) -> bool:
    """Return whether the site answers through the proxy, and not the proxy itself."""
    with httpx.Client(transport=LoopbackTransport(folder, "127.0.0.1")) as client:
        try:
            return client.get(f"https://{NAME}:{port}{prefix}/livez").status_code == 200
        except httpx.TransportError:  # it still has a certificate of its own
            return False
