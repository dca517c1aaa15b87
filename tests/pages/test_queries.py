"""Count the database queries of every page exactly (tests/bench measures time)."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state import clock
from dashboard.holds import register
from dashboard.holds.models import Hold, Offer
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds.factories import put, see
from tests.holds.verbs import CONSULT, LATER, MONDAY
from tests.kept import keep_for_good

pytestmark = pytest.mark.django_db
State = Hold.State

# Each page reads the session, and the person with their groups: two.
QUERIES = {
    "/": 4,
    "/?tab=ended": 5,
    "/board": 3,
    "/warnings": 3,
    "/look-up": 3,
    "/settings/": 5,
    "/accounts/password/": 3,
    "/holds/new?event_type_id=1&day={day}": 8,
    "/holds/new?offer={offer}": 10,
    "/holds/new?again={hold}": 10,
    "/holds/first?day={day}&type=1": 9,
    "/holds/first?day={day}&type=1&type=2&type=4": 9,
    "/holds/{hold}/": 8,
    "/holds/{hold}/move": 10,
    "/holds/{hold}/move?slot_start={later}": 16,
    "/offers/{offer}/": 6,
    "/release?hold={hold}": 7,
    "/release?hold={hold}&hold={other}": 7,
}
NOT_MODIFIED = {"/board": 3, "/warnings": 3}
READS_ALL = re.compile(r"SCAN dashboard_hold(?! USING)|hold_slot_start \(slot_start<\?\)")


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the server's clock: what time alone changes would be read anew.

    Its ticks go on: they shall neither end what is kept in memory, however slow the machine is, nor
    show that the clock was set.
    """
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)
    monkeypatch.setattr(clock, "STEP_MS", 3_600_000)
    monkeypatch.setattr(clock, "_bases", clock.Bases())  # not for the next test
    keep_for_good(monkeypatch)


# The board keeps rendered rows by primary key, so no two tests share one.
fresh = itertools.count(1_000_000)


def put_many(holder: User, numbers: range, **fields: object) -> None:
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


def count_queries(browser: Client, address: str, etag: str = "") -> tuple[int, int]:
    """Return the number of queries of one page, and of holds that it shows."""
    headers = {"If-None-Match": etag} if etag else {}
    with CaptureQueriesContext(connection) as caught:
        page = browser.get(address, headers=headers)
    assert page.status_code == (304 if etag else 200)
    text = page.content.decode()
    return len(caught), text.count('<tr id="h') + text.count('<li id="a')


@pytest.fixture
def addresses(staff: User) -> dict[str, str]:
    """Make two holds of one offer and return the addresses of their pages.

    Both end soon, so they are in the bar of every page.
    """
    offer = Offer.objects.create(made_by=staff, created_at=timezone.now())
    hold = put(staff, offer=offer, seconds=600)
    other = put(staff, offer=offer, seconds=600, slot_start=LATER)
    known = {
        "hold": hold.pk,
        "other": other.pk,
        "offer": offer.pk,
        "day": day(0),
        "later": f"{day(1)}T10:00",
    }
    return {page: page.format(**known) for page in QUERIES}


def test_pages_ask_exactly_these_queries(
    calcom: Sandbox, browser: Client, addresses: dict[str, str]
) -> None:
    with CaptureQueriesContext(connection) as caught:
        for address in addresses.values():
            browser.get(address)  # event types and free times are read from cal.com once
    assert plans_that_read_all(caught) == []
    counted = {page: count_queries(browser, address)[0] for page, address in addresses.items()}
    assert counted == QUERIES


def plans_that_read_all(statements: CaptureQueriesContext) -> list[str]:
    """Return the plans that read every past hold; SQLite's, which no content of a table changes.

    Every hold began before some moment to come, so an index of starts finds all past ones.
    """
    if connection.vendor != "sqlite":
        return []
    plans = []
    with connection.cursor() as cursor:
        for sql in {each["sql"] for each in statements if 'FROM "dashboard_hold"' in each["sql"]}:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plans.append(" ".join(str(row[-1]) for row in cursor.fetchall()))
    assert len(plans) > 5
    return [plan for plan in plans if READS_ALL.search(plan)]


def test_polls_without_news_ask_exactly_these_queries(
    browser: Client, addresses: dict[str, str]
) -> None:
    etags = {page: browser.get(page)["ETag"] for page in NOT_MODIFIED}
    counted = {page: count_queries(browser, page, etag)[0] for page, etag in etags.items()}
    assert counted == NOT_MODIFIED


@pytest.mark.slow
@pytest.mark.parametrize("address", ["/", "/board"])
@pytest.mark.parametrize("viewer", ["staff", "admin"])
def test_200_holds_take_no_more_queries_than_20(
    client: Client, request: pytest.FixtureRequest, address: str, viewer: str, colleague: User
) -> None:
    user = request.getfixturevalue(viewer)
    client.force_login(user)
    client.get(address)
    sizes = {}
    for numbers in (range(20), range(20, 200)):
        put_many(user, numbers[::2])
        put_many(colleague, numbers[1::2])
        first, again = count_queries(client, address), count_queries(client, address)
        sizes[first[1]] = (first[0], again[0])
        assert again[1] == first[1]
    assert sorted(sizes) == [20, 200]
    assert sizes[20] == sizes[200]


def test_30_unconfirmed_holds_take_no_more_queries_than_2(
    client: Client, staff: User, colleague: User
) -> None:
    client.force_login(staff)
    client.get("/")
    counts = {}
    for numbers in (range(2), range(2, 30)):
        soon = timezone.now() + timedelta(minutes=30)
        put_many(
            colleague,
            numbers,
            state=State.UNCONFIRMED,
            reservation_uid=None,
            held_until=None,
            latest_end=soon,
        )
        queries, shown = count_queries(client, "/")
        counts[shown] = queries
    assert sorted(counts) == [2, 30]
    assert counts[2] == counts[30]


def test_board_and_poll_write_nothing(client: Client, staff: User) -> None:
    client.force_login(staff)
    put_many(staff, range(20))
    client.get("/")
    with CaptureQueriesContext(connection) as caught:
        client.get("/")
        client.get("/board")
    assert [q["sql"] for q in caught if not q["sql"].startswith("SELECT")] == []


def test_board_without_lost_holds_makes_no_query_of_them(
    staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(staff)
    assert see(staff).attention == []  # reads the register, once for both
    monkeypatch.setattr(register, "lost_or_gone", None)
    assert see(staff).attention == []
