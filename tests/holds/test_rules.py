"""What is refused before cal.com is asked, each beside its field."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.future_dates import BACK, FORWARD, YEAR, day
from tests.holds import cast
from tests.holds.cast import CONSULT, LATER, MONDAY, ONE, VARIABLE
from tests.holds.desk import ask, desk

EVENT_TYPE = "/v2/event-types/{id}"


def errors(user: User, **asked: Any) -> dict[str, list[str]]:
    """What the form says beside its fields."""
    answer = ask(desk(user), **asked)
    assert answer.status_code == 422
    return dict(answer.context["form"].errors)


def nothing_was_asked(calcom: Sandbox) -> bool:
    return [c for c in calcom.calls() if c.route and "reservations" in c.route] == []


@pytest.mark.parametrize("minutes", [0, -5, 121, 10**30])
def test_minutes_are_within_the_offices_policy(calcom: Sandbox, staff: User, minutes: int) -> None:
    assert errors(staff, reservation_duration=minutes) == {
        "reservation_duration": ["From 1 to 120 minutes from now are allowed."]
    }
    assert nothing_was_asked(calcom)
    assert Hold.objects.count() == 0


def test_a_start_in_the_past_is_refused_by_cal_coms_clock(calcom: Sandbox, staff: User) -> None:
    cast.place(staff)
    Upstream.objects.update(clock_offset_ms=10 * 60_000)  # theirs is ahead of ours
    soon = timezone.now() + timedelta(minutes=5)
    calcom.forget_calls()

    with pytest.raises(HoldError) as refused:
        cast.place(staff, start=soon)

    assert list(refused.value.fields) == ["slot_start"]
    assert refused.value.fields["slot_start"].startswith("This time is past: it is ")
    assert nothing_was_asked(calcom)


@pytest.mark.parametrize(
    ("local", "message"),
    [
        (
            f"{FORWARD}T02:30",
            "This hour does not exist in Europe/Rome: the clocks go forward then.",
        ),
        (
            f"{BACK}T02:30",
            "This hour exists twice in Europe/Rome. Add which one you mean: "
            f"{BACK}T02:30+02:00 or {BACK}T02:30+01:00.",
        ),
        (f"{YEAR}-13-01T09:00", "Give a date and a time, such as 2027-03-24 14:30."),
        (f"{day(0)}", "Give the time too, such as 2027-03-24 14:30."),
        ("2101-01-11T09:00", "This year is too far away."),
        ("\x00", "Give a date and a time, such as 2027-03-24 14:30."),
        ("", "This field is required."),
    ],
)
def test_a_start_that_is_no_moment(calcom: Sandbox, staff: User, local: str, message: str) -> None:
    assert errors(staff, slot_start=local) == {"slot_start": [message]}
    assert nothing_was_asked(calcom)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        (f"{BACK}T02:30+02:00", datetime.combine(BACK, time(0, 30), UTC)),
        (f"{BACK}T02:30+01:00", datetime.combine(BACK, time(1, 30), UTC)),
        (f"{FORWARD}T01:59", datetime.combine(FORWARD, time(0, 59), UTC)),
        (f"{FORWARD}T03:00", datetime.combine(FORWARD, time(1), UTC)),
        (f"{day(0)} 10:00", MONDAY),
        (f"{day(0)}T09:00:00Z", MONDAY),
        (f"{day(0)}T09:00:00.123999Z", MONDAY + timedelta(milliseconds=123)),
    ],
)
def test_moments_as_they_are_typed(
    calcom: Sandbox, staff: User, typed: str, moment: datetime
) -> None:
    assert ask(desk(staff), slot_start=typed).status_code == 303
    assert [row.start for row in calcom.live_rows()] == [moment]


@pytest.mark.parametrize(
    ("event_type", "minutes", "message"),
    [
        (CONSULT, 30, "This event type has one length, 60 minutes: leave this empty."),
        (VARIABLE, 20, "This event type offers 15, 30, 45, 60, 180 minutes."),
        (VARIABLE, 0, "A length is from 1 to 1440 minutes."),
        (VARIABLE, 10**30, "A length is from 1 to 1440 minutes."),
    ],
)
def test_lengths_that_are_not_offered(
    calcom: Sandbox, staff: User, event_type: int, minutes: int, message: str
) -> None:
    assert errors(staff, event_type_id=event_type, slot_duration=minutes) == {
        "slot_duration": [message]
    }
    assert nothing_was_asked(calcom)


def test_where_the_lengths_cannot_be_read_cal_com_decides(calcom: Sandbox, staff: User) -> None:
    calcom.faults.add("500", route=EVENT_TYPE, count=None)

    said = errors(staff, event_type_id=VARIABLE, slot_duration=20)

    assert list(said) == ["slot_duration"]
    assert "possible lengths" in said["slot_duration"][0]
    assert errors(staff, slot_duration=10**30) == {
        "slot_duration": ["A length is from 1 to 1440 minutes."]
    }


@pytest.mark.parametrize("number", ["0", "-1", "2147483648", "9" * 5000, "x", "1.5"])
def test_event_types_that_cannot_be(calcom: Sandbox, staff: User, number: str) -> None:
    assert list(errors(staff, event_type_id=number)) == ["event_type_id"]
    assert nothing_was_asked(calcom)


@pytest.mark.parametrize("add", ["0", "121", "9" * 30, "x"])
def test_added_minutes_out_of_reach(calcom: Sandbox, staff: User, add: str) -> None:
    hold = cast.place(staff)

    answer = desk(staff).post(f"/holds/{hold.pk}/extend", {"add": add})

    assert answer.status_code == 422
    assert cast.rows(calcom) == [cast.register(hold)]


def test_an_extension_has_to_say_how_long(calcom: Sandbox, staff: User) -> None:
    with pytest.raises(HoldError) as refused:
        cast.extend(staff, cast.place(staff), None)

    assert refused.value.fields == {"reservation_duration": "Enter the minutes from now."}


@pytest.mark.parametrize(("less", "shortens"), [(1.5, False), (2.5, True)])
def test_two_seconds_less_are_no_shortening(
    calcom: Sandbox, staff: User, less: float, *, shortens: bool
) -> None:
    """A page that says 15 minutes is some moments old when it is sent."""
    hold = cast.place(staff, minutes=15)
    until = Hold.objects.get(pk=hold.pk).held_until
    assert until is not None
    now = until - timedelta(minutes=15, seconds=less)

    def extend() -> Hold:
        return cast.services.extend(
            hold_id=hold.pk, by=cast.acting(staff), reservation_duration=15, now=now
        )

    Upstream.objects.update(clock_offset_ms=0)
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


def test_a_move_to_the_same_time_is_refused(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)

    with pytest.raises(HoldError) as refused:
        cast.move(staff, hold, MONDAY)

    assert refused.value.fields == {
        "slot_start": "The hold already has this time. Extend it to keep it longer."
    }


def test_what_was_refused_is_written_down_once(calcom: Sandbox, staff: User) -> None:
    """Whether we refused it or cal.com did."""
    hold = cast.place(staff)
    known = AuditEntry.objects.latest("id").pk
    for start, minutes in ((MONDAY, 15), (LATER, 500)):
        with pytest.raises(HoldError):
            cast.place(staff, start=start, minutes=minutes)
    with pytest.raises(HoldError):
        cast.move(staff, hold, LATER, event_type_id=cast.NO_HOSTS)

    entries = AuditEntry.objects.filter(pk__gt=known).order_by("id")
    assert [(e.kind, e.action, e.outcome) for e in entries] == [
        ("intent", "place", ""),
        ("outcome", "place", "refused"),
        ("event", "place", "refused"),
        ("intent", "move", ""),
        ("outcome", "move", "refused"),
    ]
