"""Free times cause one call in half a minute, however many people read them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.calcom import Cause, Client
from dashboard.calcom_state import calcom_client, free_times, rate_and_clock, shared_answers
from dashboard.calcom_state.free_times import Span
from dashboard.calcom_state.models import StoredAnswer
from dashboard.calcom_state.shared_answers import NO_ROOM
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds import verbs

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

SLOTS = "/v2/slots"
WEEK = Span(1, day(0), 7)
FREE = 40 - 2  # hours of a week; two bookings of the sandbox take two
HALF_A_MINUTE = timedelta(seconds=30)


def calls(calcom: Sandbox) -> int:
    return len(calcom.calls(route=SLOTS))


def read(span: Span = WEEK, *, now: datetime | None = None) -> tuple[int, str]:
    """Return the number of free times and why they are not fresh."""
    found = free_times.listing(span, now=now or timezone.now())
    return len(found.listed.entries), found.cause


def test_answer_is_shared_for_half_a_minute(calcom: Sandbox, db: None) -> None:
    now = timezone.now()
    free = read(now=now)
    calcom.insert_reservation(1, datetime.fromisoformat(f"{day(0)}T08:00Z"))

    later = [read(now=now + timedelta(seconds=seconds)) for seconds in (1, 29.9)]

    assert [free, *later] == [(FREE, "")] * 3
    assert calls(calcom) == 1
    assert read(now=now + HALF_A_MINUTE)[1] == ""
    assert calls(calcom) == 2


def test_each_span_length_and_event_type_has_its_own_call(calcom: Sandbox, db: None) -> None:
    others = [
        Span(1, day(7), 7),
        Span(2, WEEK.first_day, 7),
        Span(2, WEEK.first_day, 7, 60),
        Span(1, WEEK.first_day, 28),
    ]
    for span in [WEEK, *others, WEEK, *others]:
        read(span)
    assert calls(calcom) == 5


def test_times_begin_at_whole_hours_of_the_office(calcom: Sandbox, db: None, settings: Any) -> None:
    settings.OFFICE_TIME_ZONE = "Asia/Kolkata"  # half an hour beside those of UTC
    found = free_times.listing(WEEK, now=timezone.now())
    assert {slot.start.minute for slot in found.listed.entries} == {30}


@pytest.mark.django_db(transaction=True)
def test_answer_from_slightly_ahead_is_fresh(calcom: Sandbox) -> None:
    now = timezone.now()
    read(now=now)
    assert read(now=now - timedelta(milliseconds=300)) == (FREE, "")
    assert calls(calcom) == 1


@pytest.mark.parametrize("fault", ["500", "truncated"])
def test_failure_is_kept_with_the_previous_answer(calcom: Sandbox, db: None, fault: str) -> None:
    start = timezone.now()
    read(now=start)
    calcom.faults.add(fault, route=SLOTS, count=None)
    later = start + HALF_A_MINUTE

    found = free_times.listing(WEEK, now=later)
    again = free_times.listing(WEEK, now=later + timedelta(seconds=9))

    assert (len(found.listed.entries), found.cause != "") == (FREE, True)
    assert found.as_of is not None
    assert found.as_of < later
    assert found.again_at == later + timedelta(seconds=10)
    assert again == found
    assert calls(calcom) == 2


def test_refusal_is_kept_too(calcom: Sandbox, db: None) -> None:
    unknown = Span(999999, WEEK.first_day, 7)
    assert [read(unknown) for _ in range(5)] == [(0, Cause.UNKNOWN_EVENT_TYPE)] * 5
    assert calls(calcom) == 1


@pytest.mark.parametrize(
    ("address", "key", "cause"),
    [
        ("http://127.0.0.1:9", verbs.KEY, Cause.NOT_SENT),
        ("{}/elsewhere", verbs.KEY, Cause.WRONG_ROUTE),
        ("{}", "cal_unknown0123456789", Cause.KEY_REJECTED),
    ],
)
def test_quick_failure_is_kept_for_five_seconds(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch, address: str, key: str, cause: Cause
) -> None:
    now = timezone.now()
    with Client(base_url=address.format(calcom.url), api_key=key) as client:
        monkeypatch.setattr(calcom_client, "client", lambda: client)
        assert read(now=now) == (0, cause)
        monkeypatch.undo()
    assert read(now=now + timedelta(seconds=4)) == (0, cause)
    assert read(now=now + timedelta(seconds=5)) == (FREE, "")


def test_each_key_and_address_of_cal_com_has_its_own_answers(
    calcom: Sandbox, db: None, settings: Any
) -> None:
    now = timezone.now()
    good, settings.CALCOM_API_KEY = settings.CALCOM_API_KEY, "cal_unknown0123456789"
    assert read(now=now) == (0, Cause.KEY_REJECTED)
    settings.CALCOM_API_KEY = good
    assert read(now=now) == (FREE, "")
    settings.CALCOM_API_URL = "http://127.0.0.1:9"
    assert read(now=now) == (0, Cause.NOT_SENT)


def test_a_third_of_the_rate_allowance_is_reserved_for_actions(
    calcom: Sandbox, db: None, settings: pytest.FixtureRequest
) -> None:
    settings.CALCOM_API_KEY = "cal_owner0123456789"
    calcom.set_limit("cal_owner0123456789", 9)
    weeks = [Span(1, WEEK.first_day + timedelta(days=7 * n), 7) for n in range(9)]

    found = [read(week) for week in weeks]

    now, upstream = timezone.now(), rate_and_clock.load()
    assert [cause for _, cause in found] == [""] * 6 + [NO_ROOM] * 3
    assert (calls(calcom), upstream.rate_remaining) == (6, 3)
    assert upstream.seconds_to_wait(3, now) is None
    wait = upstream.seconds_to_wait(4, now)
    assert wait is not None
    refused = free_times.listing(weeks[-1], now=now)
    assert refused.again_at == now + timedelta(seconds=wait)


def test_stored_answer_is_shown_while_cal_com_refuses_all_calls(
    calcom: Sandbox, db: None, settings: pytest.FixtureRequest
) -> None:
    settings.CALCOM_API_KEY = "cal_owner0123456789"
    now = timezone.now()
    read(now=now)
    calcom.set_limit("cal_owner0123456789", 3)
    calcom.faults.add("429", route=SLOTS, seconds=60)
    read(Span(4, WEEK.first_day, 7), now=now)

    found = free_times.listing(WEEK, now=now + timedelta(seconds=40))

    assert (len(found.listed.entries), found.cause) == (FREE, Cause.RATE_LIMITED)
    assert found.as_of == now  # not when the answer came, which may be seconds later


def test_rows_are_added_in_one_order(db: None) -> None:
    """On PostgreSQL two requests would otherwise wait for each other, until one fails."""
    shared_answers.rows_of({"c", "a", "b"}, timezone.now())

    added = StoredAnswer.objects.order_by("pk").values_list("name", flat=True)
    assert [*added] == ["a", "b", "c"]


def test_old_rows_are_deleted(calcom: Sandbox, db: None) -> None:
    long_ago = timezone.now() - timedelta(days=8)
    StoredAnswer.objects.create(name="slots of long ago", asked_at=long_ago)
    read()
    assert StoredAnswer.objects.get().name == free_times.question(WEEK).name
