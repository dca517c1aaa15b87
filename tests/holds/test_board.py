"""What a page of the board costs, counted and not timed (tests/bench times it)."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from tests.holds.cast import CONSULT, MONDAY

pytestmark = pytest.mark.django_db
State = Hold.State


# No two tests share a hold's number: the board keeps rendered rows by it.
fresh = itertools.count(1_000_000)


def put(holder: User, numbers: range, **fields: object) -> None:
    now = timezone.now()
    Hold.objects.bulk_create(
        Hold(
            **{
                "pk": next(fresh),
                "holder": holder,
                "client_name": f"client {number}",
                "event_type_id": CONSULT,
                "event_type_title": "Consult 60",
                "slot_start": MONDAY + timedelta(hours=number),
                "slot_end": MONDAY + timedelta(hours=number + 1),
                "reservation_duration": 60,
                "reservation_uid": f"uid-{number}",
                "state": State.HELD,
                "held_until": now + timedelta(minutes=60, seconds=number),
                "created_at": now,
                "changed_at": now,
            }
            | fields
        )
        for number in numbers
    )


def queries(browser: Client, address: str) -> tuple[int, int]:
    """Of one page: how many queries, and how many holds it shows."""
    with CaptureQueriesContext(connection) as caught:
        page = browser.get(address)
    text = page.content.decode()
    return len(caught), text.count('<tr id="h') + text.count('<li id="a')


@pytest.mark.parametrize("address", ["/", "/board"])
@pytest.mark.parametrize("viewer", ["staff", "admin"])
def test_two_hundred_holds_take_no_more_queries_than_twenty(
    client: Client, request: pytest.FixtureRequest, address: str, viewer: str, colleague: User
) -> None:
    looks = request.getfixturevalue(viewer)
    client.force_login(looks)
    client.get(address)  # what a process asks once
    sizes = {}
    for numbers in (range(20), range(20, 200)):
        put(looks, numbers[::2])
        put(colleague, numbers[1::2])
        first, again = queries(client, address), queries(client, address)
        sizes[first[1]] = (first[0], again[0])
        assert again[1] == first[1]
    assert sorted(sizes) == [20, 200]
    assert sizes[20] == sizes[200]


def test_holds_in_trouble_take_no_more_queries_either(
    client: Client, staff: User, colleague: User
) -> None:
    client.force_login(staff)
    client.get("/")
    counts = {}
    for numbers in (range(2), range(2, 30)):
        soon = timezone.now() + timedelta(minutes=30)
        put(
            colleague,
            numbers,
            state=State.UNCONFIRMED,
            reservation_uid=None,
            held_until=None,
            latest_end=soon,
        )
        taken, shown = queries(client, "/")
        counts[shown] = taken
    assert sorted(counts) == [2, 30]
    assert counts[2] == counts[30]


def test_looking_writes_nothing(client: Client, staff: User) -> None:
    client.force_login(staff)
    put(staff, range(20))
    client.get("/")
    with CaptureQueriesContext(connection) as caught:
        client.get("/")
        client.get("/board")
    assert [q["sql"] for q in caught if not q["sql"].startswith("SELECT")] == []
