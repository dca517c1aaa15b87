"""A call ends within ``call_seconds`` whatever the other side does, over real sockets."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from dashboard.calcom import Answer, AsyncClient, CalcomError, Client, endpoints, transport
from dashboard.calcom.endpoints import RESERVATIONS, SLOTS_VERSION, Call
from tests.calcom.calls import KEY, Ask, ask, ask_async, named, outcome
from tests.calcom.scripted import (
    NULL,
    Play,
    Scripted,
    keeping_open,
    receive,
    reply,
    scripted,
    silent,
)

pytestmark = pytest.mark.slow

SECONDS = 2.0  # long enough to send on a busy machine
SLACK = 30.0  # for a busy machine; without a deadline the plays below last two minutes


Send = Callable[[Call[None], str], Answer[None] | CalcomError]


def send_sync(call: Call[None], base_url: str) -> Answer[None] | CalcomError:
    with Client(base_url=base_url, api_key=KEY, call_seconds=SECONDS) as client:
        return client.answer_to(call)


def send_async(call: Call[None], base_url: str) -> Answer[None] | CalcomError:
    async def send() -> Answer[None] | CalcomError:
        async with AsyncClient(base_url=base_url, api_key=KEY, call_seconds=SECONDS) as client:
            return await client.answer_to(call)

    return asyncio.run(send())


def at_once(calls: Iterable[Callable[[], Answer[Any]]]) -> list[Any]:
    """Make calls in threads of their own; return their outcomes in order."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(outcome, calls))


@contextmanager
def within_a_call() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SECONDS + SLACK


def drip(connection: socket.socket, rest: bytes) -> None:
    for byte in rest:
        time.sleep(0.03)
        connection.sendall(bytes([byte]))


def dripping_head(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    drip(connection, reply(headers=b"X-Long: %s\r\n" % (b"x" * 4000)))


def dripping_body(connection: socket.socket, server: Scripted) -> None:
    receive(connection, server)
    head, _, body = reply(NULL + b" " * 4000).partition(b"\r\n\r\n")
    connection.sendall(head + b"\r\n\r\n")
    drip(connection, body)


@pytest.mark.parametrize("play", [silent, dripping_head, dripping_body])
def test_slow_answer_is_unanswered(play: Play) -> None:
    with scripted(play) as server, within_a_call():
        results = at_once(
            partial(asked, verb, base_url=server.url, call_seconds=SECONDS)
            for asked in (ask, ask_async)
            for verb in ("update", "get")
        )

    assert results == ["Unknown unanswered", "Unavailable unanswered"] * 2
    assert len(server.requests) == 4


def test_stalled_connect_is_not_sent() -> None:
    """A full backlog leaves further connections waiting."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with within_a_call():
            results = at_once(
                partial(asked, "reserve", base_url=base, call_seconds=SECONDS)
                for asked in (ask, ask_async)
            )

    assert results == ["Unavailable not_sent"] * 2


def test_stalled_tls_handshake_is_not_sent() -> None:
    with scripted(silent) as server, within_a_call():
        base = server.url.replace("http", "https")
        results = at_once(
            partial(asked, "reserve", base_url=base, call_seconds=SECONDS)
            for asked in (ask, ask_async)
        )

    assert results == ["Unavailable not_sent"] * 2


@pytest.mark.parametrize("send", [send_sync, send_async])
def test_stalled_write_is_unanswered(send: Send) -> None:
    """A body that no buffer of a socket holds; those of the endpoints are far smaller."""
    call = Call("POST", RESERVATIONS, SLOTS_VERSION, lambda _: None, body=b" " * 30_000_000)
    is_over = threading.Event()

    def reading_nothing(_connection: socket.socket, _server: Scripted) -> None:
        is_over.wait(SLACK)

    with scripted(reading_nothing) as server:
        with within_a_call():
            result = send(call, server.url)
        is_over.set()

    assert isinstance(result, CalcomError)
    assert named(result) == "Unknown unanswered"


def test_slow_name_lookup_is_not_sent(asked: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: Callable[..., object] = socket.getaddrinfo

    def slowly(*args: object, **options: object) -> object:
        time.sleep(SECONDS + 0.1)
        return looked_up(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with scripted(keeping_open) as server:
        base = server.url.replace("127.0.0.1", "localhost")
        result = outcome(lambda: asked("reserve", base_url=base, call_seconds=SECONDS))

    assert result == "Unavailable not_sent"
    assert server.requests == []


def test_name_lookup_that_never_ends_does_not_hold_the_call(
    asked: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, has_ended = threading.Event(), threading.Event()

    def look_up(*_args: object, **_options: object) -> list[object]:
        stop.wait(60)
        has_ended.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    result = outcome(lambda: asked("reserve", base_url="http://cal.test", call_seconds=SECONDS))
    is_running = not has_ended.is_set()
    stop.set()

    assert (result, is_running) == ("Unavailable not_sent", True)


def test_deadline_of_one_call_does_not_bind_the_next() -> None:
    with (
        scripted(keeping_open) as server,
        Client(base_url=server.url, api_key=KEY) as client,
    ):
        client.answer_to(endpoints.get(uid="u"))
        transport.call_ends.set(time.monotonic() - 1)
        assert client.answer_to(endpoints.get(uid="u")).value is None
