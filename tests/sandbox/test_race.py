"""cal.com checks and then writes without a lock: callers who come together win together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from dashboard.sandbox import Sandbox
from dashboard.sandbox.call import Call
from tests.sandbox.api import RESERVATIONS, body, client, hold

CALLERS = 8


def together(sandbox: Sandbox, call: Callable[[httpx.Client, int], int]) -> Counter[int]:
    """The statuses that callers get who call at the same moment."""
    gate = threading.Barrier(CALLERS)
    statuses: list[int] = []

    def go(number: int) -> None:
        with client(sandbox) as caller:
            caller.get("/health")
            gate.wait()
            statuses.append(call(caller, number))

    threads = [threading.Thread(target=go, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(statuses)


def test_parallel_posts_for_one_slot_win_more_than_once(sandbox: Sandbox) -> None:
    sandbox.pause = 0.2

    def post(caller: httpx.Client, _: int) -> int:
        return caller.post(RESERVATIONS, json=body("11T09:00")).status_code

    statuses = together(sandbox, post)
    assert statuses[201] > 1
    assert statuses[201] + statuses[422] == CALLERS
    assert len(sandbox.rows()) == statuses[201]


def test_parallel_patches_onto_one_slot_win_more_than_once(sandbox: Sandbox) -> None:
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


def test_one_after_the_other_only_the_first_wins(sandbox: Sandbox) -> None:
    sandbox.pause = 0.01
    with client(sandbox) as caller:
        answers = [caller.post(RESERVATIONS, json=body("11T09:00")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 422, 422]
    assert len(sandbox.rows()) == 1


def test_a_hold_that_is_deleted_while_it_is_changed_is_not_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        monkeypatch.setattr(Call, "between_check_and_write", lambda _: sandbox.remove_holds(uid))
        answer = caller.patch(f"{RESERVATIONS}/{uid}", json=body("11T13:00"))
    words = "Invalid Query: The requested record was not found."
    assert answer.status_code == 404
    assert answer.json()["error"] == {"code": "NOT_FOUND", "message": words}
    assert sandbox.rows() == []
