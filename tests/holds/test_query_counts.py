"""Count the database queries of each verb's POST exactly, as ``CaptureQueriesContext`` does.

``BEGIN`` and ``COMMIT`` count too. A lower number is welcome: write it here.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state.models import Upstream
from dashboard.holds import settle
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import sent
from tests.holds.offers import offered
from tests.holds.verbs import CONSULT, LATER, MONDAY, SHORT
from tests.kept import keep_for_good
from tests.pages.desk import desk, wish

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Request = tuple[str, dict[str, Any]]  # address, form


def place(calcom: Sandbox, staff: User) -> Request:
    return "/holds/new", wish()


def place_from_the_page(calcom: Sandbox, staff: User) -> Request:
    desk(staff).get("/holds/new", wish())  # reads the free times
    return "/holds/new", wish(asks="yes")


def place_taken(calcom: Sandbox, staff: User) -> Request:
    calcom.insert_reservation(CONSULT, MONDAY)
    desk(staff).post("/holds/new", wish())  # reads the free times, which its page shows
    return "/holds/new", wish()


def check(calcom: Sandbox, staff: User) -> Request:
    return f"/holds/{verbs.place(staff).pk}/check", {}


def extend_in_place(calcom: Sandbox, staff: User) -> Request:
    hold = verbs.place(staff, minutes=1)
    calcom.clock.shift(61)
    Upstream.objects.update(clock_offset_ms=61_000)
    settle.settle_times(timezone.now())
    return f"/holds/{hold.pk}/extend", {"reservation_duration": 30}


def extend_parked(calcom: Sandbox, staff: User) -> Request:
    hold = verbs.place(staff)
    verbs.extend(staff, hold, 20)  # cal.com is now known to count the self-overlap
    return f"/holds/{hold.pk}/extend", {"reservation_duration": 30}


def move(calcom: Sandbox, staff: User) -> Request:
    return f"/holds/{verbs.place(staff).pk}/move", {"slot_start": LATER.isoformat()}


def move_to_other_event_type(calcom: Sandbox, staff: User) -> Request:
    address, form = move(calcom, staff)
    return address, form | {"event_type_id": SHORT}


def release(calcom: Sandbox, staff: User) -> Request:
    return f"/holds/{verbs.place(staff).pk}/release", {"reason": "mistake"}


def release_three(calcom: Sandbox, staff: User) -> Request:
    holds = [verbs.place(staff, start=MONDAY + timedelta(hours=2 * n)) for n in range(3)]
    return "/release", {"hold": [hold.pk for hold in holds], "sure": "yes"}


def take_over(calcom: Sandbox, staff: User) -> Request:
    return f"/holds/{verbs.place(staff).pk}/take-over", {"reason": "absent"}


def start_offer(calcom: Sandbox, staff: User) -> Request:
    return "/offers/new", {"hold": verbs.place(staff).pk}


def keep_one_of_three(calcom: Sandbox, staff: User) -> Request:
    offer, holds = offered(staff, 3)
    return f"/offers/{offer}/keep", {"hold": holds[0].pk}


def look_up(calcom: Sandbox, staff: User) -> Request:
    return "/look-up", {"uid": calcom.insert_reservation(CONSULT, MONDAY).uid}


def take_in(calcom: Sandbox, staff: User) -> Request:
    address, form = look_up(calcom, staff)
    return address, form | {"take": "yes"}


# These take turns to ask for a time: a query on PostgreSQL. SQLite has one writer at a time.
TAKE_TURNS = {
    place,
    place_from_the_page,
    place_taken,
    extend_in_place,
    extend_parked,
    move,
    move_to_other_event_type,
}
# Each verb: queries, and the calls to cal.com that they accompany. Of these queries the session,
# the person and their groups take three.
COUNTS: dict[Callable[[Sandbox, User], Request], tuple[int, list[str]]] = {
    place: (16, ["POST"]),
    place_from_the_page: (18, ["POST"]),
    place_taken: (28, ["POST"]),
    check: (15, ["GET"]),
    extend_in_place: (22, ["PATCH"]),
    extend_parked: (27, ["PATCH", "PATCH"]),
    move: (19, ["PATCH"]),
    move_to_other_event_type: (30, ["POST", "DELETE"]),
    release: (21, ["GET", "DELETE"]),
    release_three: (57, ["GET", "DELETE"] * 3),  # and the register, once for all pages
    take_over: (12, []),
    start_offer: (9, []),
    keep_one_of_three: (54, ["GET", *["GET", "DELETE"] * 2]),
    look_up: (18, ["GET"]),
    take_in: (16, ["GET"]),
}
STATUSES = {place_taken: 409, look_up: 200, release_three: 200}


@pytest.mark.parametrize("verb", COUNTS, ids=lambda verb: verb.__name__)
def test_queries_of_a_post(
    calcom: Sandbox,
    staff: User,
    admin: User,
    monkeypatch: pytest.MonkeyPatch,
    verb: Callable[[Sandbox, User], Request],
) -> None:
    keep_for_good(monkeypatch)
    for event_type in (CONSULT, SHORT):  # the product knows both event types from here on
        verbs.place(staff, event_type=event_type, start=MONDAY + timedelta(weeks=1))
    address, form = verb(calcom, staff)
    browser = desk(admin if verb is take_over else staff)
    browser.get("/")
    calcom.forget_calls()

    with CaptureQueriesContext(connection) as queries:
        answer = browser.post(address, form)

    assert answer.status_code == STATUSES.get(verb, 303)
    turns = int(verb in TAKE_TURNS and connection.vendor == "postgresql")
    assert (len(queries) - turns, [method for method, _ in sent(calcom)]) == COUNTS[verb]
