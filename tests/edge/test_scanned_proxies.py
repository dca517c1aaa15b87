"""Scan each proxy that ``proxy_config`` configures, with no server behind it or a plain one."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from tests.edge import nginx
from tests.edge.caddy_and_apache import apache, caddy
from tests.edge.nginx import NAME, LoopbackTransport, Ports, two_ports
from tests.serving import WAIT_SECONDS

pytestmark = pytest.mark.slow

Proxy = Callable[[str, str, Ports, Path], AbstractContextManager[None]]
NOWHERE = "http://127.0.0.1:1"  # where no server listens
V = ssl.TLSVersion
# The newest version and the ciphers that a client offers, and whether the two agree. The machine's
# OpenSSL may refuse the oldest ones by itself.
OFFERS = {
    "TLS 1.3": (V.TLSv1_3, "ALL", True),
    "TLS 1.2": (V.TLSv1_2, "ALL", True),
    "TLS 1.1": (V.TLSv1_1, "ALL", False),
    "no forward secrecy": (V.TLSv1_2, "kRSA", False),
}


def agrees(port: int, newest: ssl.TLSVersion, ciphers: str) -> bool:
    """Return whether a client gets a connection that offers one version and these ciphers."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    client.minimum_version = client.maximum_version = newest
    with socket.create_connection(("127.0.0.1", port), WAIT_SECONDS) as link:
        try:
            client.wrap_socket(link, server_hostname=NAME).close()
        except ssl.SSLError:
            return False
    return True


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize("proxy", [nginx.running, caddy, apache])
def test_only_strong_encryption(proxy: Proxy, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # Apache's processes are another user's
    ports = two_ports()
    with proxy("", NOWHERE, ports, tmp_path):
        found = {
            name: agrees(ports.tls, newest, ciphers)
            for name, (newest, ciphers, _wanted) in OFFERS.items()
        }
    assert found == {name: wanted for name, (_newest, _ciphers, wanted) in OFFERS.items()}


@pytest.mark.parametrize(
    ("proxy", "server"), [(nginx.running, "nginx"), (caddy, "Caddy"), (apache, "Apache")]
)
def test_proxy_does_not_tell_its_version(proxy: Proxy, server: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # as above
    ports = two_ports()
    addresses = f"http://{NAME}:{ports.plain}/", f"https://{NAME}:{ports.tls}/"
    with proxy("", NOWHERE, ports, tmp_path):
        transport = LoopbackTransport(tmp_path, local_address="127.0.0.1")
        with httpx.Client(transport=transport) as visitor:
            said = {visitor.get(address).headers["Server"] for address in addresses}
    assert said == {server}


# What each proxy says of a request.
SAID = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id"]


@contextmanager
def plain_server() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Run a server; yield its address, and the headers of the requests that it got."""
    got: list[dict[str, str]] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            got.append({name: self.headers.get(name, "") for name in SAID})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        serving.join()


@pytest.mark.parametrize("connection", ["keep-alive", ", ".join(["close", *SAID]), SAID[1]])
@pytest.mark.parametrize("proxy", [nginx.running, caddy, apache])
def test_client_cannot_have_headers_of_the_proxy_removed(
    proxy: Proxy, connection: str, tmp_path: Path
) -> None:
    """A proxy removes the headers that ``Connection`` names, which are not to be passed on."""
    tmp_path.chmod(0o755)  # as above
    ports = two_ports()
    with plain_server() as (url, got), proxy("", url, ports, tmp_path):
        transport = LoopbackTransport(tmp_path, local_address="127.0.0.7")
        with httpx.Client(transport=transport, headers={"Connection": connection}) as visitor:
            assert visitor.get(f"https://{NAME}:{ports.tls}/").status_code == 204
    [said] = got
    assert said.pop("X-Request-Id")
    assert said == {"X-Forwarded-For": "127.0.0.7", "X-Forwarded-Proto": "https"}
