"""Holds whose event type was given other lengths, or deleted, since they were placed."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from dashboard.accounts.models import User
from dashboard.calcom_state.models import StoredAnswer
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from dashboard.sandbox.fixtures import Booking
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.verbs import CONSULT, LATER, MONDAY, ONE, ROUND_ROBIN, SHORT, VARIABLE

HALF_AN_HOUR = timedelta(minutes=30)
Change = Callable[[Sandbox, User], Hold]


def made_fixed(calcom: Sandbox, staff: User) -> Hold:
    """Hold 30 of several minutes, of which cal.com then offers no other."""
    hold = verbs.place(staff, event_type=VARIABLE, slot_duration=30)
    change_lengths(calcom, VARIABLE, length=30, options=())
    return hold


def made_variable(calcom: Sandbox, staff: User) -> Hold:
    """Hold the only length there is, which then is one of several, and not the usual one."""
    hold = verbs.place(staff, event_type=SHORT)
    change_lengths(calcom, SHORT, length=15, options=(15, 30, 60))
    return hold


def change_lengths(
    calcom: Sandbox, event_type: int, *, length: int, options: tuple[int, ...]
) -> None:
    calcom.change_event_type(event_type, length=length, options=options)
    StoredAnswer.objects.all().delete()


changes = pytest.mark.parametrize("change", [made_fixed, made_variable])


@changes
@pytest.mark.parametrize("believed", [False, True])
def test_extension_keeps_the_length(
    calcom: Sandbox, staff: User, change: Change, *, believed: bool
) -> None:
    if believed:  # cal.com is known to count the self-overlap, so that the hold is parked at once
        verbs.extend(staff, verbs.place(staff, start=LATER), 20)
    hold = change(calcom, staff)

    verbs.extend(staff, hold)

    hold.refresh_from_db()
    assert (hold.slot_start, hold.slot_end) == (MONDAY, MONDAY + HALF_AN_HOUR)
    assert at_cal_com(calcom)[-1:] == in_register(hold)


@changes
@pytest.mark.parametrize("start", [LATER, MONDAY + timedelta(minutes=15)])
def test_move_keeps_the_length(
    calcom: Sandbox, staff: User, change: Change, start: datetime
) -> None:
    hold = change(calcom, staff)

    verbs.move(staff, hold, start)

    hold.refresh_from_db()
    assert (hold.slot_start, hold.slot_end) == (start, start + HALF_AN_HOUR)
    assert at_cal_com(calcom) == in_register(hold)


@pytest.mark.parametrize(
    ("change", "wanted"), [(made_fixed, None), (made_variable, None), (made_variable, 60)]
)
def test_hold_comes_back_with_its_length(
    calcom: Sandbox, staff: User, change: Change, wanted: int | None
) -> None:
    hold = change(calcom, staff)
    start = MONDAY + timedelta(minutes=15)
    event_type = hold.event_type_id
    calcom.faults.add(
        "stranger",
        when="after",
        method="PATCH",
        route=ONE,
        skip=1,
        event_type_id=event_type,
        slot_start=MONDAY + HALF_AN_HOUR,
    )

    with pytest.raises(HoldError):
        verbs.move(staff, hold, start, slot_duration=wanted)

    hold.refresh_from_db()
    assert (hold.state, hold.slot_end) == ("held", MONDAY + HALF_AN_HOUR)
    assert in_register(hold)[0] in at_cal_com(calcom)


@changes
def test_time_that_is_booked_ends_the_hold_as_booked(
    calcom: Sandbox, staff: User, change: Change
) -> None:
    hold = change(calcom, staff)
    end = MONDAY + HALF_AN_HOUR
    calcom.add_booking(Booking("b", hold.event_type_id, MONDAY, end))

    with pytest.raises(HoldError):
        verbs.extend(staff, hold)

    assert states(hold) == ["booked"]


@pytest.mark.parametrize("event_type", [CONSULT, ROUND_ROBIN])
def test_hold_of_a_deleted_event_type_can_be_moved_to_another(
    calcom: Sandbox, staff: User, event_type: int
) -> None:
    hold = verbs.place(staff, event_type=event_type)
    del calcom.event_types[event_type]
    StoredAnswer.objects.all().delete()

    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)

    assert (refused.value.happened, refused.value.what_now, states(hold)) == (
        "cal.com no longer has the event type of this hold.",
        "Move the hold to another event type before it ends.",
        ["held"],
    )
    verbs.move(staff, hold, event_type_id=SHORT)
    assert at_cal_com(calcom) == in_register(hold)
