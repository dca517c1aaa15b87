"""How often a place waits for the disk: once before cal.com is asked, and once after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds.cast import ALL, CONSULT, MONDAY

# Without the test's own transaction around them, commits are real.
pytestmark = pytest.mark.django_db(transaction=True)

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@contextmanager
def commits(calcom: Sandbox) -> Iterator[list[int]]:
    """Of each commit of a write: how many POSTs cal.com had seen by then."""
    seen: list[int] = []
    written: list[str] = []
    commit = connection._commit

    def note_write(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.lstrip().upper().startswith(WRITES):
            if connection.in_atomic_block:
                written.append(sql)
            else:  # commits by itself
                seen.append(len(calcom.calls("POST", ALL)))
        return execute(sql, *rest)

    def note_commit() -> None:
        commit()
        if written:
            seen.append(len(calcom.calls("POST", ALL)))
            written.clear()

    connection._commit = note_commit
    try:
        with connection.execute_wrapper(note_write):
            yield seen
    finally:
        del connection._commit


def form(hour: int) -> dict[str, str]:
    return {
        "event_type_id": str(CONSULT),
        "slot_start": MONDAY.replace(hour=hour).isoformat(),
        "reservation_duration": "15",
        "client_name": "Grace",
    }


def test_a_place_commits_its_intent_and_its_outcome_and_nothing_else(
    client: Client, staff: User, calcom: Sandbox
) -> None:
    client.force_login(staff)
    client.post("/holds/new", form(9))  # reads the event type, which the next one knows
    calcom.forget_calls()
    with commits(calcom) as before_and_after:
        answer = client.post("/holds/new", form(11))
    assert (answer.status_code, Hold.objects.count()) == (303, 2)
    assert before_and_after == [0, 1]


def test_a_place_that_cal_com_refuses_commits_as_often(
    client: Client, staff: User, calcom: Sandbox
) -> None:
    client.force_login(staff)
    calcom.insert_hold(CONSULT, MONDAY.replace(hour=11))
    client.post("/holds/new", form(11))  # reads what a refused page offers instead
    calcom.forget_calls()
    with commits(calcom) as before_and_after:
        answer = client.post("/holds/new", form(11))
    assert answer.status_code == 409
    assert before_and_after == [0, 1]
