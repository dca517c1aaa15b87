"""Calls that come together win one slot together: cal.com checks and writes without a lock."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from dashboard.sandbox import Reservation, Sandbox, race
from tests.sandbox.api import RESERVATIONS, body, client, hold
from tests.waiting import wait_for

CALLERS = 8


def together(sandbox: Sandbox, call: Callable[[httpx.Client, int], int]) -> Counter[int]:
    """Count the statuses of calls made at the same moment."""
    gate = threading.Barrier(CALLERS)

    def run(number: int) -> int:
        with client(sandbox) as caller:
            caller.get(f"{RESERVATIONS}/x")
            gate.wait()
            return call(caller, number)

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(run, range(CALLERS)))


def post(caller: httpx.Client, _: int) -> int:
    return caller.post(RESERVATIONS, json=body("11T09:00")).status_code


@pytest.mark.parametrize("winners", [1, 2, 4])
def test_as_many_posts_win_together_as_at_the_real_server(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, winners: int
) -> None:
    monkeypatch.setitem(race.WINNERS, "POST", (winners,))
    monkeypatch.setattr(race, "SECONDS", 60)
    assert together(sandbox, post) == {201: winners, 422: CALLERS - winners}
    assert len(sandbox.rows()) == winners


@pytest.mark.parametrize("winners", [1, 3])
def test_as_many_patches_win_together_as_at_the_real_server(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, winners: int
) -> None:
    with client(sandbox) as caller:
        uids = [hold(caller, f"{14 + number}T09:00") for number in range(CALLERS)]

    def patch(caller: httpx.Client, number: int) -> int:
        path = f"{RESERVATIONS}/{uids[number]}"
        return caller.patch(path, json=body("11T09:00")).status_code

    monkeypatch.setitem(race.WINNERS, "PATCH", (winners,))
    monkeypatch.setattr(race, "SECONDS", 60)
    assert together(sandbox, patch) == {200: winners, 422: CALLERS - winners}
    assert [row.start.day for row in sandbox.rows()].count(11) == winners


def test_never_more_win_than_at_the_real_server(sandbox: Sandbox) -> None:
    assert max(race.WINNERS["POST"]) == 4
    assert max(race.WINNERS["PATCH"]) == 3
    for _ in range(5):
        sandbox.remove_reservations()
        assert together(sandbox, post)[201] in {1, 2, 3, 4}


def test_all_win_while_a_fault_delays_the_write(sandbox: Sandbox) -> None:
    fault = sandbox.faults.add("delay", when="between", method="POST", count=None, seconds=60)

    def clear() -> None:
        wait_for(lambda: sandbox.faults.hits(fault) == CALLERS)
        sandbox.faults.clear()

    clearing = threading.Thread(target=clear)
    clearing.start()
    assert together(sandbox, post) == {201: CALLERS}
    clearing.join()
    assert len(sandbox.rows()) == CALLERS


def test_delayed_write_lets_a_later_call_win(sandbox: Sandbox) -> None:
    fault = sandbox.faults.add("delay", when="between", method="POST", seconds=60)
    with client(sandbox) as caller, client(sandbox) as later:
        first = threading.Thread(target=post, args=(caller, 1))
        first.start()
        wait_for(lambda: sandbox.faults.hits(fault) == 1)
        assert (post(later, 2), post(later, 3)) == (201, 422)
        assert len(sandbox.rows()) == 1
        sandbox.faults.clear()
        first.join()
    assert len(sandbox.rows()) == 2


def test_of_consecutive_posts_only_the_first_wins(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        answers = [caller.post(RESERVATIONS, json=body("11T09:00")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 422, 422]
    assert len(sandbox.rows()) == 1


def test_hold_deleted_between_check_and_write_is_not_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove_first(row: Reservation, **changes: object) -> Reservation | None:
        sandbox.remove_reservations(row.uid)
        return Sandbox.update_reservation(sandbox, row, **changes)

    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        monkeypatch.setattr(sandbox, "update_reservation", remove_first)
        answer = caller.patch(f"{RESERVATIONS}/{uid}", json=body("11T13:00"))
    words = "Invalid Query: The requested record was not found."
    assert answer.status_code == 404
    assert answer.json()["error"] == {"code": "NOT_FOUND", "message": words}
    assert sandbox.rows() == []
