"""cal.com checks and then writes without a lock, so parallel calls win together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from dashboard.sandbox import Sandbox, reservations
from tests.sandbox.api import RESERVATIONS, body, client, hold

CALLERS = 8


def together(sandbox: Sandbox, call: Callable[[httpx.Client, int], int]) -> Counter[int]:
    """Count the statuses of calls made at the same moment."""
    gate = threading.Barrier(CALLERS)
    statuses: list[int] = []

    def run(number: int) -> None:
        with client(sandbox) as caller:
            caller.get(f"{RESERVATIONS}/x")
            gate.wait()
            statuses.append(call(caller, number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(statuses)


@pytest.mark.alone  # callers must meet within the pause
def test_parallel_posts_for_one_slot_win_together(sandbox: Sandbox) -> None:
    sandbox.pause = 0.2

    def post(caller: httpx.Client, _: int) -> int:
        return caller.post(RESERVATIONS, json=body("11T09:00")).status_code

    statuses = together(sandbox, post)
    assert statuses[201] > 1
    assert statuses[201] + statuses[422] == CALLERS
    assert len(sandbox.rows()) == statuses[201]


@pytest.mark.alone  # callers must meet within the pause
def test_parallel_patches_onto_one_slot_win_together(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        uids = [hold(caller, f"{14 + number}T09:00") for number in range(CALLERS)]
    sandbox.pause = 0.2

    def patch(caller: httpx.Client, number: int) -> int:
        path = f"{RESERVATIONS}/{uids[number]}"
        return caller.patch(path, json=body("11T09:00")).status_code

    statuses = together(sandbox, patch)
    assert statuses[200] > 1
    assert statuses[200] + statuses[422] == CALLERS
    moved = [row for row in sandbox.rows() if row.start.day == 11]
    assert len(moved) == statuses[200]


def test_of_consecutive_posts_only_the_first_wins(sandbox: Sandbox) -> None:
    sandbox.pause = 0.01
    with client(sandbox) as caller:
        answers = [caller.post(RESERVATIONS, json=body("11T09:00")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 422, 422]
    assert len(sandbox.rows()) == 1


def test_hold_deleted_between_check_and_write_is_not_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        monkeypatch.setattr(reservations, "pause", lambda _: sandbox.remove_holds(uid))
        answer = caller.patch(f"{RESERVATIONS}/{uid}", json=body("11T13:00"))
    words = "Invalid Query: The requested record was not found."
    assert answer.status_code == 404
    assert answer.json()["error"] == {"code": "NOT_FOUND", "message": words}
    assert sandbox.rows() == []
