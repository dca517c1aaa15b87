"""A place commits twice: before cal.com is asked, and after."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds.verbs import ALL, CONSULT, MONDAY

# Without the test's own transaction around them, commits are real.
pytestmark = pytest.mark.django_db(transaction=True)

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@contextmanager
def commits(calcom: Sandbox) -> Iterator[list[int]]:
    """Record, for each commit of a write, how many POSTs cal.com had received."""
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


def test_place_commits_before_and_after_its_call(
    client: Client, staff: User, calcom: Sandbox
) -> None:
    client.force_login(staff)
    client.post("/holds/new", form(9))  # reads the event type, which is then in the cache
    calcom.forget_calls()
    with commits(calcom) as before_and_after:
        answer = client.post("/holds/new", form(11))
    assert (answer.status_code, Hold.objects.count()) == (303, 2)
    assert before_and_after == [0, 1]


def test_refused_place_commits_as_often(client: Client, staff: User, calcom: Sandbox) -> None:
    client.force_login(staff)
    calcom.insert_reservation(CONSULT, MONDAY.replace(hour=11))
    client.post("/holds/new", form(11))  # reads the free times, which the page of a refusal shows
    calcom.forget_calls()
    with commits(calcom) as before_and_after:
        answer = client.post("/holds/new", form(11))
    assert answer.status_code == 409
    assert before_and_after == [0, 1]
