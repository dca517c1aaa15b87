"""The two clients are one: same methods, same keywords, same words, and safe to share."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor

import pytest

import dashboard.calcom
from dashboard.calcom import AsyncClient, CalcomError, Client, endpoints
from tests.calcom.both_clients import UID, VERBS
from tests.calcom.scripted import keeping_open, scripted


def public(client: type) -> set[str]:
    return {name for name in vars(client) if not name.startswith("_")}


def test_both_clients_have_every_endpoint_and_nothing_else() -> None:
    assert public(Client) == {*VERBS, "close"}
    assert public(AsyncClient) == {*VERBS, "aclose"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_method_has_the_keywords_and_words_of_its_endpoint(verb: str) -> None:
    endpoint = getattr(endpoints, verb)
    given = inspect.signature(endpoint)

    for client in (Client(base_url="http://cal.test", api_key="cal_k"), AsyncClient):
        method = getattr(client, verb)
        keywords = inspect.signature(method).parameters
        assert {name: one for name, one in keywords.items() if name != "self"} == dict(
            given.parameters
        )
        assert (method.__name__, method.__doc__) == (verb, endpoint.__doc__)


def test_the_room_shows_what_others_may_use() -> None:
    assert all(hasattr(dashboard.calcom, name) for name in dashboard.calcom.__all__)
    assert {"Client", "AsyncClient", "CalcomError", "Refused", "Unavailable", "Unknown"} <= set(
        dashboard.calcom.__all__
    )


def test_one_client_serves_many_threads() -> None:
    with (
        scripted(keeping_open) as server,
        Client(base_url=server.url, api_key="cal_k") as client,
        ThreadPoolExecutor(8) as threads,
    ):
        found = list(threads.map(lambda _: client.get(uid=UID).value, range(80)))

    assert found == [None] * 80
    assert len(server.requests) == 80
    assert server.connections <= 8


def test_many_holds_are_checked_at_once() -> None:
    async def check() -> list[object]:
        async with AsyncClient(base_url=server.url, api_key="cal_k") as client:
            answers = await asyncio.gather(*(client.get(uid=f"{UID}{n}") for n in range(30)))
            return [answer.value for answer in answers]

    with scripted(keeping_open) as server:
        found = asyncio.run(check())

    assert found == [None] * 30
    assert server.connections <= 20


def test_a_call_given_up_by_its_task_leaves_the_client_usable() -> None:
    async def give_up_and_go_on() -> str:
        async with AsyncClient(base_url=server.url, api_key="cal_k") as client:
            task = asyncio.create_task(client.get(uid=UID))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return repr((await client.get(uid=UID)).value)

    with scripted(keeping_open) as server:
        assert asyncio.run(give_up_and_go_on()) == "None"


def test_one_error_catches_them_all() -> None:
    with (
        Client(base_url="http://127.0.0.1:1", api_key="cal_k", call_seconds=1) as client,
        pytest.raises(CalcomError, match=r"^not_sent: ConnectError: .*refused") as caught,
    ):
        client.delete(uid=UID)

    assert caught.value.exchange.milliseconds < 1000
