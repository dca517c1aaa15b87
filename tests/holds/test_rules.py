"""Rules that refuse a request before cal.com is asked, each beside its form field."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import Upstream
from dashboard.holds import services
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.future_dates import BACK, FORWARD, YEAR, day
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, sent
from tests.holds.verbs import CONSULT, EVENT_TYPE, LATER, MONDAY, NO_HOSTS, ONE, VARIABLE
from tests.pages.desk import ask, desk

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs


def errors(browser: Client, **asked: Any) -> dict[str, list[str]]:
    """Return the form's errors by field."""
    answer = ask(browser, **asked)
    assert answer.status_code == 422
    return dict(answer.context["form"].errors)


def test_minutes_are_limited(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    too_few_or_many = [0, -5, 121, 10**30]

    found = {n: errors(browser, reservation_duration=n) for n in too_few_or_many}

    message = {"reservation_duration": ["Enter 1 to 120 minutes from now."]}
    assert found == dict.fromkeys(too_few_or_many, message)
    assert sent(calcom) == []
    assert Hold.objects.count() == 0


def test_past_start_on_cal_coms_clock_is_refused(calcom: Sandbox, staff: User) -> None:
    verbs.place(staff)
    Upstream.objects.update(clock_offset_ms=10 * 60_000)  # cal.com's clock is ahead
    soon = timezone.now() + timedelta(minutes=5)
    calcom.forget_calls()

    with pytest.raises(HoldError) as refused:
        verbs.place(staff, start=soon)

    assert list(refused.value.fields) == ["slot_start"]
    assert refused.value.fields["slot_start"].startswith("This time is past: it is ")
    assert AuditEntry.objects.get(outcome="refused").message == refused.value.fields["slot_start"]
    assert sent(calcom) == []


INVALID_STARTS = {
    f"{FORWARD}T02:30": "This hour does not exist in Europe/Rome: the clocks go forward then.",
    f"{BACK}T02:30": (
        "This hour exists twice in Europe/Rome. Add which one you mean: "
        f"{BACK}T02:30+02:00 or {BACK}T02:30+01:00."
    ),
    f"{YEAR}-13-01T09:00": "Give a date and a time, such as 2027-03-24 14:30.",
    f"{day(0)}": "Give the time too, such as 2027-03-24 14:30.",
    "2101-01-11T09:00": "This year is too far away.",
    "\x00": "Give a date and a time, such as 2027-03-24 14:30.",
    "": "Choose a free time, or enter one.",
}


def test_invalid_start(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    found = {start: errors(browser, slot_start=start) for start in INVALID_STARTS}

    assert found == {start: {"slot_start": [text]} for start, text in INVALID_STARTS.items()}
    assert sent(calcom) == []


VALID_STARTS = {
    f"{BACK}T02:30+02:00": datetime.combine(BACK, time(0, 30), UTC),
    f"{BACK}T02:30+01:00": datetime.combine(BACK, time(1, 30), UTC),
    f"{FORWARD}T01:59": datetime.combine(FORWARD, time(0, 59), UTC),
    f"{FORWARD}T03:00": datetime.combine(FORWARD, time(1), UTC),
    f"{day(0)} 10:00": MONDAY,
    f"{day(0)}T09:00:00Z": MONDAY,
    f"{day(0)}T09:00:00.123999Z": MONDAY + timedelta(milliseconds=123),
}


def test_formats_of_a_start(calcom: Sandbox, staff: User) -> None:
    browser, found = desk(staff), {}

    for start in VALID_STARTS:
        assert ask(browser, slot_start=start).status_code == 303
        [row] = calcom.live_rows()
        found[start] = row.start
        calcom.remove_reservations()

    assert found == VALID_STARTS


LENGTHS_NOT_OFFERED = {
    (CONSULT, 30): "This event type has one length, 60 minutes: leave this empty.",
    (VARIABLE, 20): "This event type offers 15, 30, 45, 60, 180 minutes.",
    (VARIABLE, 0): "A length is from 1 to 1440 minutes.",
    (VARIABLE, 10**30): "A length is from 1 to 1440 minutes.",
}


def test_length_that_is_not_offered(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    found = {
        (event_type, minutes): errors(browser, event_type_id=event_type, slot_duration=minutes)
        for event_type, minutes in LENGTHS_NOT_OFFERED
    }

    assert found == {case: {"slot_duration": [text]} for case, text in LENGTHS_NOT_OFFERED.items()}
    assert sent(calcom) == []


def test_unknown_lengths_are_left_to_cal_com(calcom: Sandbox, staff: User) -> None:
    calcom.faults.add("500", route=EVENT_TYPE, count=None)

    browser = desk(staff)

    found = errors(browser, event_type_id=VARIABLE, slot_duration=20)

    assert found == {"slot_duration": ["cal.com does not offer this length for the event type."]}
    assert errors(browser, slot_duration=10**30) == {
        "slot_duration": ["A length is from 1 to 1440 minutes."]
    }


def test_invalid_event_type(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    numbers = ["0", "-1", "2147483648", "9" * 5000, "x", "1.5"]

    fields = {number: list(errors(browser, event_type_id=number)) for number in numbers}

    assert fields == {number: ["event_type_id"] for number in numbers}
    assert sent(calcom) == []


def test_invalid_added_minutes(calcom: Sandbox, staff: User) -> None:
    hold, browser = verbs.place(staff), desk(staff)
    before = hold.held_until

    statuses = [
        browser.post(f"/holds/{hold.pk}/extend", {"add": minutes}).status_code
        for minutes in ("0", "121", "9" * 30, "x")
    ]

    assert statuses == [422] * 4
    assert Hold.objects.get().held_until == before
    assert at_cal_com(calcom) == in_register(hold)


def test_extension_without_minutes(calcom: Sandbox, staff: User) -> None:
    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, verbs.place(staff), None)

    assert refused.value.fields == {"reservation_duration": "Enter the minutes from now."}


@pytest.mark.parametrize(("less", "shortens"), [(1.5, False), (2.5, True)])
def test_extension_may_end_two_seconds_earlier(
    calcom: Sandbox, staff: User, less: float, *, shortens: bool
) -> None:
    """Some seconds pass between showing a page and sending its form."""
    hold = verbs.place(staff, minutes=15)
    assert hold.held_until is not None
    now = hold.held_until - timedelta(minutes=15, seconds=less)

    def extend() -> Hold:
        return services.extend(hold_id=hold.pk, by=acting(staff), reservation_duration=15, now=now)

    Upstream.objects.update(clock_offset_ms=0, answered_at=None)  # which was after that moment
    if shortens:
        with pytest.raises(HoldError) as refused:
            extend()
        assert refused.value.fields["reservation_duration"].startswith(
            "The hold already stands until "
        )
        assert calcom.calls(route=ONE) == []
    else:
        extend()
        assert len(calcom.calls("PATCH", ONE)) == 3


def test_move_to_the_same_time_is_refused(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)

    with pytest.raises(HoldError) as refused:
        verbs.move(staff, hold, MONDAY)

    assert refused.value.fields == {
        "slot_start": "The hold already has this time. Extend it to keep it longer."
    }


def test_refusal_is_logged_once(calcom: Sandbox, staff: User) -> None:
    """For refusals by a rule and for those by cal.com."""
    hold = verbs.place(staff)
    last_pk = AuditEntry.objects.latest("id").pk
    for start, minutes in ((MONDAY, 15), (LATER, 500)):
        with pytest.raises(HoldError):
            verbs.place(staff, start=start, minutes=minutes)
    with pytest.raises(HoldError):
        verbs.move(staff, hold, LATER, event_type_id=NO_HOSTS)

    entries = AuditEntry.objects.filter(pk__gt=last_pk).order_by("id")
    assert [(e.kind, e.action, e.outcome) for e in entries] == [
        ("intent", "place", ""),
        ("outcome", "place", "refused"),
        ("event", "place", "refused"),
        ("intent", "move", ""),
        ("outcome", "move", "refused"),
    ]
