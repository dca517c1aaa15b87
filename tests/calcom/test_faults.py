"""What can go wrong between us and cal.com, over real sockets, and what it may have done."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboard.calcom import CalcomError, Client, attempt, endpoints, transport
from tests.calcom.both_clients import READS, UID, VERBS, WRITES, Ask, ask, outcome, told
from tests.calcom.scripted import (
    NULL,
    Play,
    Scripted,
    keeping_open,
    receive,
    reply,
    reset,
    scripted,
    sending,
)
from tests.parts import program, require

EVERY_VERB = pytest.mark.parametrize("verb", VERBS)
UNANSWERED = {
    **dict.fromkeys(WRITES, "Unknown unanswered"),
    **dict.fromkeys(READS, "Unavailable unanswered"),
}
NOT_JSON = {
    **dict.fromkeys(WRITES, "Unknown not_json"),
    **dict.fromkeys(READS, "Unavailable not_json"),
}


def silent(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    connection.recv(1)


def hang_up(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)


def cut_off(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    reset(connection)


def drip(connection: socket.socket, head: bytes, rest: bytes) -> None:
    connection.sendall(head)
    for byte in rest:
        time.sleep(0.05)
        connection.sendall(bytes([byte]))


def dripping_head(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    drip(connection, b"", reply())


def dripping_body(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    whole = reply(NULL + b" " * 400)
    head = whole.index(b"\r\n\r\n") + 4
    drip(connection, whole[:head], whole[head:])


def endless(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


@EVERY_VERB
def test_nobody_listens(verb: str, asked: Ask, silent_port: int) -> None:
    base = f"http://127.0.0.1:{silent_port}"
    assert outcome(lambda: asked(verb, base_url=base, **VERBS[verb])) == "Unavailable not_sent"


@pytest.mark.parametrize(
    "base", ["ftp://cal.test", "cal.test", "http://", "http://cal.test:port", "http://[::1", ""]
)
def test_an_address_that_is_none(base: str, asked: Ask) -> None:
    result = outcome(lambda: asked("reserve", base_url=base, **VERBS["reserve"]))
    assert result == "Unavailable not_sent"


@EVERY_VERB
@pytest.mark.parametrize(
    "play",
    [
        pytest.param(hang_up, id="closed without a word"),
        pytest.param(cut_off, id="reset"),
        pytest.param(sending(b"HTTP/1.1 201 Cre"), id="half a status line"),
        pytest.param(sending(b"HTTP/1.1 201 Created\r\nContent-Le"), id="half a header"),
        pytest.param(sending(b"SSH-2.0-OpenSSH\r\n"), id="not even HTTP"),
        pytest.param(sending(reply(NULL)[:-5]), id="a body cut short"),
        pytest.param(sending(reply(NULL, status=b"422 No")[:-5]), id="a refusal cut short"),
        pytest.param(
            sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n"),
            id="chunks that are none",
        ),
        pytest.param(
            sending(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"st\r\n'),
            id="chunks without an end",
        ),
        pytest.param(sending(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 60_000), id="endless headers"),
    ],
)
def test_sent_and_not_answered_whole(verb: str, play: Play, asked: Ask) -> None:
    with scripted(play) as server:
        result = outcome(lambda: asked(verb, base_url=server.url, **VERBS[verb]))

    assert result == UNANSWERED[verb]
    assert len(server.requests) == 1


@pytest.mark.parametrize("verb", ["update", "get"])
@pytest.mark.parametrize("play", [silent, dripping_head, dripping_body])
def test_the_deadline_holds_for_the_whole_call(verb: str, play: Play, asked: Ask) -> None:
    with scripted(play) as server:
        began = time.monotonic()
        result = outcome(lambda: asked(verb, base_url=server.url, call_seconds=0.5, **VERBS[verb]))
        lasted = time.monotonic() - began

    assert result == UNANSWERED[verb]
    assert 0.4 < lasted < 2.5  # without it, from 5 to 20


def test_an_answer_cut_short_still_tells_its_status(asked: Ask) -> None:
    with (
        scripted(sending(reply(NULL, status=b"201 Created")[:-5])) as server,
        pytest.raises(CalcomError) as caught,
    ):
        asked("reserve", base_url=server.url, **VERBS["reserve"])

    assert caught.value.exchange.status == 201


def test_words_of_the_library_that_may_quote_the_answer_are_not_kept(asked: Ask) -> None:
    """A piece of a uid would pass every other sieve."""
    with (
        scripted(sending(UID[:10].encode() + b"\r\n\r\n")) as server,
        pytest.raises(CalcomError) as caught,
    ):
        asked("get", base_url=server.url, uid=UID)

    assert caught.value.message == "RemoteProtocolError"


def test_a_connection_that_fails_under_the_answer_was_there_before() -> None:
    class Breaking(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"{"
            raise httpx.ConnectError("moved to another network")

    breaking = httpx.MockTransport(lambda _: httpx.Response(201, stream=Breaking()))
    result = outcome(lambda: ask("reserve", transport=breaking, **VERBS["reserve"]))

    assert result == "Unknown unanswered"


@EVERY_VERB
@pytest.mark.parametrize(
    "play",
    [
        pytest.param(endless, id="endless chunks"),
        pytest.param(sending(reply(b" " * (2 * 1024 * 1024 + 1) + NULL)), id="a long body"),
        pytest.param(
            sending(reply(NULL, headers=b"Content-Encoding: gzip\r\n")), id="an unasked encoding"
        ),
        pytest.param(sending(reply(b"<html>It works!</html>")), id="a page"),
        pytest.param(sending(reply(b"")), id="nothing"),
        pytest.param(sending(reply(b"[" * 100_000)), id="too deep"),
        pytest.param(sending(reply(b'{"status":' + b"9" * 5000 + b"}")), id="too many digits"),
        pytest.param(sending(reply(b"\xff\xfe\xfd")), id="no text"),
    ],
)
def test_a_body_that_cannot_be_read(verb: str, play: Play, asked: Ask) -> None:
    with scripted(play) as server:
        result = outcome(lambda: asked(verb, base_url=server.url, **VERBS[verb]))

    assert result == NOT_JSON[verb]


@pytest.mark.parametrize("location", [b"/elsewhere", b"http://127.0.0.1:1/", b"http://[", b""])
@pytest.mark.parametrize("status", [b"301 M", b"302 F", b"303 S", b"307 T", b"308 P"])
def test_a_redirect_is_not_followed(status: bytes, location: bytes, asked: Ask) -> None:
    with scripted(
        sending(reply(b"", status=status, headers=b"Location: %s\r\n" % location))
    ) as server:
        result = outcome(lambda: asked("reserve", base_url=server.url, **VERBS["reserve"]))

    assert result == "Unavailable wrong_route"
    assert len(server.requests) == 1


def test_connections_are_used_again_within_one_client() -> None:
    with scripted(keeping_open) as server, Client(base_url=server.url, api_key="cal_k") as client:
        for _ in range(3):
            assert client.get(uid=UID).value is None

    assert (server.connections, len(server.requests)) == (1, 3)


def test_an_idle_connection_is_dropped_before_cal_com_drops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert transport.IDLE_SECONDS < 5
    monkeypatch.setattr(transport, "IDLE_SECONDS", 0.05)
    with scripted(keeping_open) as server, Client(base_url=server.url, api_key="cal_k") as client:
        client.get(uid=UID)
        time.sleep(0.1)
        client.get(uid=UID)

    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("verb", ["reserve", "delete", "get"])
def test_a_used_connection_that_breaks_under_a_call_leaves_it_unanswered(verb: str) -> None:
    """The server took the second request and closed: nobody knows, so nothing is sent again."""

    def once(connection: socket.socket, server: Scripted) -> None:
        receive(connection, server)
        connection.sendall(reply())
        receive(connection, server)

    with scripted(once) as server, Client(base_url=server.url, api_key="cal_k") as client:
        client.get(uid=UID)
        result = outcome(lambda: getattr(client, verb)(**VERBS[verb]))

    assert result == UNANSWERED[verb]
    assert (server.connections, len(server.requests)) == (1, 2)


def test_no_room_in_the_pool_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECTIONS", 1)
    monkeypatch.setattr(attempt, "POOL_SECONDS", 0.05)
    with scripted(keeping_open) as server, Client(base_url=server.url, api_key="cal_k") as client:
        held = client._transport.handle_request(_request(server.url))
        result = outcome(lambda: client.reserve(**VERBS["reserve"]))
        held.close()

    assert result == "Unavailable not_sent"
    assert len(server.requests) == 1


def test_a_name_that_takes_too_long_to_look_up_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = socket.getaddrinfo

    def slowly(*args: object, **options: object) -> object:
        time.sleep(0.3)
        return looked_up(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with scripted(keeping_open) as server:
        result = outcome(
            lambda: ask("reserve", base_url=server.url, call_seconds=0.2, **VERBS["reserve"])
        )

    assert result == "Unavailable not_sent"
    assert server.requests == []


def test_an_address_that_fails_is_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    with scripted(keeping_open) as server:
        port = int(server.url.rpartition(":")[2])
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        addresses = [(*kind, ("127.0.0.2", silent_port)), (*kind, ("127.0.0.1", port))]
        found = {"cal.test": addresses}
        looked_up = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **options: found.get(host) or looked_up(host, *rest, **options),
        )
        answer = ask("get", base_url=f"http://cal.test:{port}", uid=UID)

    assert answer.value is None


def test_proxies_of_the_environment_are_not_used(
    asked: Ask, monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{silent_port}")
    monkeypatch.setenv("NO_PROXY", "")
    with scripted(keeping_open) as server:
        assert asked("get", base_url=server.url, uid=UID).value is None


def test_a_certificate_that_nobody_vouches_for_is_not_sent_to(asked: Ask, tmp_path: Path) -> None:
    context = self_signed(tmp_path)

    def play(connection: socket.socket, server: Scripted) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            keeping_open(secured, server)

    with scripted(play) as server, pytest.raises(CalcomError) as caught:
        asked("reserve", base_url=server.url.replace("http", "https"), **VERBS["reserve"])

    assert told(caught.value) == "Unavailable not_sent"
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.message
    assert server.requests == []


def test_over_tls_with_an_authority_of_the_operators(
    asked: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    transport._tls.cache_clear()

    def play(connection: socket.socket, server: Scripted) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            keeping_open(secured, server)

    try:
        with scripted(play) as server:
            base = server.url.replace("http", "https")
            assert asked("get", base_url=base, uid=UID).value is None
    finally:
        transport._tls.cache_clear()


def self_signed(folder: Path) -> ssl.SSLContext:
    openssl = str(require("openssl", program("openssl")))
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def _request(base: str) -> httpx.Request:
    call = attempt.Attempt(endpoints.get(uid=UID), attempt.Access(base, "cal_k", 10.0))
    return call.request()
