"""Failures between Holdfast and cal.com, over real sockets, and what they may have done."""

import socket
import ssl
import time

import httpx
import pytest

from dashboard.calcom import CalcomError, Client, endpoints, transport
from tests.calcom.calls import KEY, UID, VERBS, Ask, ask, call_of, each, named, outcome, outcomes
from tests.calcom.scripted import (
    NULL,
    Play,
    Scripted,
    answering_twice,
    hang_up,
    keeping_open,
    over_tls,
    receive,
    reply,
    reset,
    scripted,
    sending,
)

UNANSWERED = each("Unknown unanswered", "Unavailable unanswered")
NOT_JSON = each("Unknown not_json", "Unavailable not_json")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def cut_off(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    reset(connection)


def endless(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    connection.sendall(CHUNKED)
    while True:
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def test_refused_connection_is_not_sent(asked: Ask, closed_port: int) -> None:
    results = outcomes(asked, base_url=f"http://127.0.0.1:{closed_port}")

    assert results == each("Unavailable not_sent", "Unavailable not_sent")


@pytest.mark.parametrize(
    "base", ["ftp://cal.test", "cal.test", "http://", "http://cal.test:port", "http://[::1", ""]
)
def test_invalid_base_url_is_not_sent(base: str, asked: Ask) -> None:
    assert outcome(lambda: asked("reserve", base_url=base)) == "Unavailable not_sent"


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(hang_up, id="closed"),
        pytest.param(cut_off, id="reset"),
        pytest.param(sending(b"HTTP/1.1 201 Cre"), id="half a status line"),
        pytest.param(sending(b"HTTP/1.1 201 Created\r\nContent-Le"), id="half a header"),
        pytest.param(sending(b"SSH-2.0-OpenSSH\r\n"), id="not HTTP"),
        pytest.param(sending(reply(NULL)[:-5]), id="truncated body"),
        pytest.param(sending(reply(NULL, status=b"422 No")[:-5]), id="truncated refusal"),
        pytest.param(sending(CHUNKED + b"zz\r\nnonsense\r\n"), id="invalid chunks"),
        pytest.param(sending(CHUNKED + b'4\r\n{"st\r\n'), id="unfinished chunks"),
        pytest.param(sending(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 60_000), id="endless headers"),
    ],
)
def test_incomplete_answer_is_unanswered(play: Play, asked: Ask) -> None:
    with scripted(play) as server:
        results = outcomes(asked, base_url=server.url)

    assert results == UNANSWERED
    assert len(server.requests) == len(VERBS)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(NULL), NULL), id="in a chunk"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n" + NULL, id="until it is closed"),
    ],
)
def test_answer_without_a_length_is_read(answer: bytes, asked: Ask) -> None:
    with scripted(sending(answer)) as server:
        assert asked("get", base_url=server.url).value is None


def test_truncated_answer_keeps_its_status(asked: Ask) -> None:
    with (
        scripted(sending(reply(NULL, status=b"201 Created")[:-5])) as server,
        pytest.raises(CalcomError) as caught,
    ):
        asked("reserve", base_url=server.url)

    assert caught.value.exchange.status == 201


def test_message_does_not_quote_the_answer(asked: Ask) -> None:
    """A part of a uid would pass every pattern of ``cleansing``."""
    with (
        scripted(sending(UID[:10].encode() + b"\r\n\r\n")) as server,
        pytest.raises(CalcomError) as caught,
    ):
        asked("get", base_url=server.url)

    assert caught.value.message == "The connection ended early, or what came was not HTTP"


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(endless, id="endless chunks"),
        pytest.param(sending(reply(b" " * (2 * 1024 * 1024 + 1) + NULL)), id="too long"),
        pytest.param(sending(reply(NULL, headers=b"Content-Encoding: gzip\r\n")), id="encoded"),
        pytest.param(sending(reply(b"<html>It works!</html>")), id="page"),
        pytest.param(sending(reply(b"")), id="empty"),
        pytest.param(sending(reply(b"[" * 100_000)), id="too deep"),
        pytest.param(sending(reply(b'{"status":' + b"9" * 5000 + b"}")), id="too many digits"),
        pytest.param(sending(reply(b"\xff\xfe\xfd")), id="no text"),
    ],
)
def test_unreadable_body_is_not_json(play: Play, asked: Ask) -> None:
    with scripted(play) as server:
        results = outcomes(asked, base_url=server.url)

    assert results == NOT_JSON


@pytest.mark.parametrize("location", [b"/elsewhere", b"http://127.0.0.1:1/", b"http://[", b""])
def test_redirect_is_not_followed(location: bytes, asked: Ask) -> None:
    for status in (b"301 M", b"302 F", b"303 S", b"307 T", b"308 P"):
        answer = reply(b"", status=status, headers=b"Location: %s\r\n" % location)
        with scripted(sending(answer)) as server:
            result = outcome(lambda base=server.url: asked("reserve", base_url=base))

        assert result == "Unavailable wrong_route"
        assert len(server.requests) == 1


def test_idle_connection_is_closed_before_cal_com_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert transport.LIMITS.keepalive_expiry is not None
    assert transport.LIMITS.keepalive_expiry < 5
    monkeypatch.setattr(transport, "LIMITS", httpx.Limits(keepalive_expiry=0.05))
    with scripted(keeping_open) as server, Client(base_url=server.url, api_key=KEY) as client:
        client.answer_to(endpoints.get(uid=UID))
        time.sleep(0.1)
        client.answer_to(endpoints.get(uid=UID))

    assert (server.connections, len(server.requests)) == (2, 2)


def test_answer_that_came_before_its_request_is_none() -> None:
    calls = [call_of(verb) for verb in ("get", "delete", "get", "get")]
    with scripted(answering_twice) as server, Client(base_url=server.url, api_key=KEY) as client:
        found = [outcome(lambda call=call: client.answer_to(call)) for call in calls]
        assert found == [None, "Unknown unanswered", None, "Unavailable unanswered"]
        assert server.connections == 2  # none was used on


@pytest.mark.parametrize("verb", ["reserve", "delete", "get"])
def test_disconnect_on_a_reused_connection_is_unanswered_and_not_sent_again(verb: str) -> None:
    def once(connection: socket.socket, server: Scripted) -> None:
        receive(connection, server)
        connection.sendall(reply())
        receive(connection, server)

    with scripted(once) as server, Client(base_url=server.url, api_key=KEY) as client:
        client.answer_to(endpoints.get(uid=UID))
        result = outcome(lambda: client.answer_to(call_of(verb)))

    assert result == UNANSWERED[verb]
    assert (server.connections, len(server.requests)) == (1, 2)


def test_full_pool_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LIMITS", httpx.Limits(max_connections=1))
    limits = {"pool": 60, "connect": 60, "read": 60, "write": 60}
    with scripted(keeping_open) as server:
        shared = transport.Transport()
        request = httpx.Request("GET", server.url, extensions={"timeout": limits})
        held = shared.handle_request(request)
        result = outcome(
            lambda: ask("reserve", base_url=server.url, call_seconds=0.4, transport=shared)
        )
        held.close()

    assert result == "Unavailable not_sent"
    assert len(server.requests) == 1


def test_unverified_certificate_is_not_sent_to(asked: Ask, tls_server: ssl.SSLContext) -> None:
    with (
        scripted(over_tls(tls_server, keeping_open)) as server,
        pytest.raises(CalcomError) as caught,
    ):
        asked("reserve", base_url=server.url.replace("http", "https"))

    assert named(caught.value) == "Unavailable not_sent"
    assert "certificate verify failed" in caught.value.message
    assert server.requests == []


def test_ssl_cert_file_is_trusted(asked: Ask, tls_server: ssl.SSLContext, trusted: None) -> None:
    with scripted(over_tls(tls_server, keeping_open)) as server:
        assert asked("get", base_url=server.url.replace("http", "https")).value is None
