"""Calls go through the proxy of the environment, here a real one on loopback."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dashboard.calcom import CalcomError, transport
from tests.calcom.calls import KEY, Ask, outcome
from tests.calcom.scripted import (
    Play,
    Scripted,
    keeping_open,
    over_tls,
    receive,
    reply,
    scripted,
    sending,
    silent,
)

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def proxy_to(target: Scripted) -> Play:
    """Forward requests and tunnels for any host to one server."""

    def play(connection: socket.socket, proxy: Scripted) -> None:
        receive(connection, proxy)
        with socket.create_connection(("127.0.0.1", target.port)) as onward:
            if proxy.requests[-1].startswith(b"CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(onward, connection))
                back.start()
                pump(connection, onward)
                back.join()
            else:
                onward.sendall(proxy.requests[-1])
                connection.sendall(onward.recv(65536))

    return play


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy bytes until either side closes."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_https_goes_through_a_tunnel_that_does_not_see_the_key(
    asked: Ask, tls_server: ssl.SSLContext, trusted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        scripted(over_tls(tls_server, keeping_open)) as server,
        scripted(proxy_to(server)) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert asked("get", base_url="https://cal.test").value is None

    assert [request.split(b"\r\n")[0] for request in proxy.requests] == [
        b"CONNECT cal.test:443 HTTP/1.1"
    ]
    assert KEY.encode() not in proxy.requests[0]
    assert KEY.encode() in server.requests[0]


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_proxy_credentials_do_not_replace_the_key(
    scheme: str, asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(keeping_open) as server, scripted(proxy_to(server)) as proxy:
        address = proxy.url.removeprefix("http://")
        monkeypatch.setenv("http_proxy", f"{scheme}user:secret@{address}")
        assert asked("get", uid="u", base_url="http://cal.test/api").value is None

    (head,) = [request.split(b"\r\n\r\n")[0].split(b"\r\n") for request in proxy.requests]
    basic = base64.b64encode(b"user:secret")
    assert head[0] == b"GET http://cal.test/api/v2/slots/reservations/u HTTP/1.1"
    assert b"Proxy-Authorization: Basic " + basic in head
    assert b"Authorization: Bearer " + KEY.encode() in head


def test_no_proxy_is_honoured(
    asked: Ask, resolve: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(keeping_open) as server, scripted(keeping_open) as proxy:
        resolve(("127.0.0.1", server.port))
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "example.org, .test")
        assert asked("get", base_url=f"http://cal.test:{server.port}").value is None

    assert (len(server.requests), len(proxy.requests)) == (1, 0)


def test_loopback_needs_no_proxy(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("NO_PROXY", "")
    with scripted(keeping_open) as server:
        assert asked("get", base_url=server.url).value is None


@pytest.mark.parametrize("status", [b"403 Forbidden", b"407 Who", b"503 Unavailable"])
def test_refused_tunnel_is_not_sent(
    status: bytes, asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(sending(reply(b"", status=status))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        result = outcome(lambda: asked("reserve", base_url="https://cal.test"))

    assert result == "Unavailable not_sent"


def test_credentials_of_a_proxy_that_refuses_are_not_repeated(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    page = reply(b"<html>Sign in</html>", status=b"407 Proxy Authentication Required")
    with scripted(sending(page)) as proxy:
        address = proxy.url.replace("http://", "http://user:hunter2@")
        monkeypatch.setenv("HTTPS_PROXY", address)
        with pytest.raises(CalcomError) as caught:
            asked("reserve", base_url="https://cal.test")

    basic = base64.b64encode(b"user:hunter2")
    assert b"Proxy-Authorization: Basic " + basic in proxy.requests[0]
    assert str(caught.value).startswith("not_sent: The proxy made no connection: 407")
    said = f"{caught.value!r} {caplog.text}"
    assert [secret for secret in ("hunter2", basic.decode()) if secret in said] == []


def test_refused_connection_to_the_proxy_is_not_sent(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")
    result = outcome(lambda: asked("reserve", base_url="https://cal.test"))

    assert result == "Unavailable not_sent"


def test_stalled_tunnel_may_have_been_sent(asked: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx does not say how far a call came that ran out of time beyond the proxy."""
    with scripted(silent) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        result = outcome(lambda: asked("reserve", base_url="https://cal.test", call_seconds=2))

    assert result == "Unknown unanswered"


@pytest.mark.parametrize(
    "address", ["socks5://user:secret@127.0.0.1:1080", "http://127.0.0.1:x", "http://"]
)
def test_other_kind_of_proxy_fails_every_call(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(CalcomError) as caught:
        asked("reserve", base_url="https://cal.test")
    said = "not_sent: No connection was made: HTTPS_PROXY must be an http or https address"
    assert str(caught.value) == said


def test_unreadable_certificates_fail_every_call(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    transport.tls_context.cache_clear()
    with pytest.raises(CalcomError) as caught:
        asked("reserve", base_url="https://cal.test")
    assert str(caught.value) == (
        "not_sent: No connection was made: SSL_CERT_FILE or SSL_CERT_DIR: No such file or directory"
    )
