"""Both clients: one request for each call, safe to share between threads or tasks."""

import asyncio
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from dashboard.calcom import AsyncClient, CalcomError, Client, Unknown, endpoints
from dashboard.calcom.pending_call import NEVER_SENT, PERHAPS_SENT
from tests.calcom.calls import BASE, KEY, UID, VERBS, Ask, ask, outcomes
from tests.calcom.scripted import NULL, answering_twice, keeping_open, scripted


def test_each_call_sends_the_request_of_its_endpoint_once(asked: Ask) -> None:
    seen: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(500)

    outcomes(asked, transport=httpx.MockTransport(note))

    access = endpoints.Access(BASE, KEY)
    expected = [getattr(endpoints, verb)(**VERBS[verb]).request(access) for verb in VERBS]
    assert [(one.method, one.url, dict(one.headers), one.content) for one in seen] == [
        (one.method, one.url, dict(one.headers), one.content) for one in expected
    ]


def test_cookies_are_not_kept(asked: Ask) -> None:
    seen: list[str | None] = []

    def set_cookie(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("cookie"))
        return httpx.Response(200, headers={"Set-Cookie": "uid=abc; Path=/"}, content=NULL)

    transport = httpx.MockTransport(set_cookie)
    asked("get", transport=transport)
    asked("get", transport=transport)
    with Client(base_url=BASE, api_key=KEY, transport=transport) as client:
        client.answer_to(endpoints.get(uid=UID))
        client.answer_to(endpoints.get(uid=UID))

    assert seen == [None] * 4


@pytest.mark.parametrize("base", [BASE, "http://user:password@cal.test"])
def test_neither_netrc_nor_the_address_replaces_the_key(
    base: str, asked: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine cal.test login user password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, content=NULL)

    asked("get", base_url=base, transport=httpx.MockTransport(note))

    assert seen == [f"Bearer {KEY}"]


def test_connection_error_while_the_body_is_read_leaves_a_write_unknown() -> None:
    class Breaking(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"{"
            raise httpx.ConnectError("moved to another network")

    breaking = httpx.MockTransport(lambda _: httpx.Response(201, stream=Breaking()))

    with pytest.raises(Unknown) as caught:
        ask("reserve", transport=breaking)
    assert str(caught.value) == "unanswered: The connection broke"


LATER_FAULTS = ("ReadTimeout", "WriteTimeout", "ReadError", "WriteError", "RemoteProtocolError")


@pytest.mark.parametrize(
    "fault",
    [
        *NEVER_SENT,
        *(getattr(httpx, name) for name in LATER_FAULTS),
        *(httpx.CloseError, httpx.DecodingError, httpx.TooManyRedirects, httpx.LocalProtocolError),
        *(OSError, ConnectionResetError, BrokenPipeError, TimeoutError, ssl.SSLError),
    ],
)
def test_every_fault_has_words_for_people(fault: type[Exception]) -> None:
    def fail(_request: httpx.Request) -> NoReturn:
        raise fault("_ssl.c:989: [Errno 7] in the end (_ssl.c:1006)")

    with pytest.raises(CalcomError) as caught:
        ask("reserve", transport=httpx.MockTransport(fail))
    known = set(NEVER_SENT.values()) | set(PERHAPS_SENT.values())
    assert caught.value.message.removesuffix(": in the end") in known


def test_one_client_serves_many_threads() -> None:
    with (
        scripted(keeping_open) as server,
        Client(base_url=server.url, api_key=KEY) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        found = list(
            threads.map(lambda _: client.answer_to(endpoints.get(uid=UID)).value, range(80))
        )

    assert found == [None] * 80
    assert len(server.requests) == 80
    assert server.connections <= 8


def test_one_async_client_serves_many_tasks() -> None:
    """Each call has a connection of its own, and so no other's answer."""

    async def check() -> list[object]:
        async with AsyncClient(base_url=server.url, api_key=KEY) as client:
            calls = [endpoints.get(uid=f"{UID}{n}") for n in range(30)]
            answers = await asyncio.gather(*map(client.answer_to, calls))
            return [answer.value for answer in answers]

    with scripted(answering_twice) as server:
        found = asyncio.run(check())

    assert found == [None] * 30
    assert server.connections == 30


def test_cancelled_call_leaves_the_async_client_usable() -> None:
    async def cancel_and_go_on() -> str:
        async with AsyncClient(base_url=server.url, api_key=KEY) as client:
            task = asyncio.create_task(client.answer_to(endpoints.get(uid=UID)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return repr((await client.answer_to(endpoints.get(uid=UID))).value)

    with scripted(keeping_open) as server:
        assert asyncio.run(cancel_and_go_on()) == "None"
