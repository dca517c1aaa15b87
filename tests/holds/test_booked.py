"""A time that is booked at cal.com while it is held, perhaps by the client."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import Upstream
from dashboard.holds import settle
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Booking
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.verbs import CONSULT, GROUP, LATER, MONDAY, ONE
from tests.pages.desk import desk

HOUR = timedelta(hours=1)
BELIEVED = pytest.mark.parametrize("believed", [False, True])


def book(calcom: Sandbox, start: datetime = MONDAY, *, seats: int = 0) -> None:
    """Book an hour at cal.com, so many seats of it if the event type has seats."""
    event_type = GROUP if seats else CONSULT
    more: dict[str, Any] = {"attendees": seats} if seats else {}
    calcom.add_booking(Booking(f"booked-{start:%H%M}", event_type, start, start + HOUR, **more))


def believe(*, believed: bool) -> None:
    """Let cal.com be known to refuse an extension in place, so that holds are parked at once."""
    until = timezone.now() + HOUR if believed else None
    Upstream.objects.update(self_overlap_until=until)


@BELIEVED
def test_extension_of_a_booked_hold_ends_it_as_booked(
    calcom: Sandbox, staff: User, *, believed: bool
) -> None:
    hold = verbs.place(staff)
    book(calcom)
    believe(believed=believed)
    browser = desk(staff)

    answer = browser.post(f"/holds/{hold.pk}/extend", {"reservation_duration": 30})

    hold.refresh_from_db()
    assert (hold.state, hold.end_reason, hold.change) == ("booked", "already_booked", None)
    assert at_cal_com(calcom) == []
    assert answer.status_code == 409
    assert "The time is booked at cal.com, perhaps by your client." in answer.content.decode()
    page = browser.get(f"/holds/{hold.pk}/").content.decode()
    assert "The time is booked at cal.com, perhaps by your client." in page
    # Not what cal.com said to the deletion afterwards.
    assert "held → booked; cal.com: Can&#x27;t reserve a slot" in " ".join(page.split())
    outcome = AuditEntry.objects.get(action="extend", kind="outcome")
    assert (outcome.outcome, outcome.error_code) == ("refused", "booked")
    assert outcome.after["state"] == "booked"
    said = AuditEntry.objects.exclude(message="").values_list("message", flat=True)
    assert "Can't reserve a slot if the event is already booked." in said


@BELIEVED
def test_extension_of_a_hold_without_a_seat_left_ends_it_as_booked(
    calcom: Sandbox, staff: User, *, believed: bool
) -> None:
    hold = verbs.place(staff, event_type=GROUP)
    book(calcom, seats=5)
    believe(believed=believed)

    with pytest.raises(HoldError) as booked:
        verbs.extend(staff, hold)

    happened = "All seats are booked at cal.com, perhaps one by your client."
    assert booked.value.happened == happened
    assert states(hold) == ["booked"]
    assert at_cal_com(calcom) == []


def test_move_to_a_booked_time_changes_nothing(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    book(calcom, LATER)

    with pytest.raises(HoldError) as refused:
        verbs.move(staff, hold)

    assert refused.value.cause == "already_booked"
    assert states(hold) == ["held"]
    assert at_cal_com(calcom) == in_register(hold)


def test_overlapping_move_of_a_booked_hold_ends_it_as_booked(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    book(calcom)
    believe(believed=True)

    with pytest.raises(HoldError) as booked:
        verbs.move(staff, hold, MONDAY + HOUR / 2)

    assert booked.value.cause == "booked"
    assert states(hold) == ["booked"]
    assert at_cal_com(calcom) == []


def test_retake_of_a_time_that_is_booked_meanwhile_ends_as_booked(
    calcom: Sandbox, staff: User
) -> None:
    hold = verbs.place(staff)
    calcom.faults.add("stranger", method="PATCH", route=ONE, skip=1, count=2)
    calcom.faults.add("stranger-books", when="after", method="DELETE", route=ONE)

    with pytest.raises(HoldError) as booked:
        verbs.extend(staff, hold, retake=True)

    assert booked.value.cause == "booked"
    assert states(hold) == ["booked"]


def test_expired_hold_that_is_booked_stays_expired(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, minutes=1)
    calcom.clock.shift(61)
    Upstream.objects.update(clock_offset_ms=61_000)
    settle.settle_times(timezone.now())
    book(calcom)

    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)

    assert refused.value.cause == "already_booked"
    assert states(hold) == ["expired"]
