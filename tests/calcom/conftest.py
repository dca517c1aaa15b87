"""Fixtures for tests of calcom."""

import os
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.calcom.transport import tls_context
from tests.calcom.calls import Ask, ask, ask_async
from tests.parts import program, require

collect_ignore = [] if "CALCOM_OPENAPI" in os.environ else ["test_openapi.py"]


@pytest.fixture(params=[ask, ask_async], ids=["sync", "async"])
def asked(request: pytest.FixtureRequest) -> Ask:
    """A call through the synchronous and once more through the asynchronous client."""
    found: Ask = request.param
    return found


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections; it is taken until the end of the test."""
    with socket.socket() as taken:
        taken.bind(("", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the name cal.test have these addresses: pairs of host and port."""
    looked_up: Any = socket.getaddrinfo

    def to(*addresses: tuple[str, int]) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

        def look_up(host: Any, *rest: Any, **options: Any) -> Any:
            is_known = host in {"cal.test", b"cal.test"}
            return found if is_known else looked_up(host, *rest, **options)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return to


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 and cal.test, with its key beside it."""
    openssl = str(require("openssl", program("openssl")))
    file = str(tmp_path / "certificate.pem")
    names = ["-subj", "/CN=cal.test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:cal.test"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run(
        [openssl, "req", "-x509", *kind, *names, "-keyout", file + ".key", "-out", file],
        check=True,
        capture_output=True,
    )
    return Path(file)


@pytest.fixture
def tls_server(certificate: Path) -> ssl.SSLContext:
    """Context of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust that certificate, as an operator does."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()
