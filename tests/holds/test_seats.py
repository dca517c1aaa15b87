"""Seated event types: cal.com keeps one hold a time, however many seats are left."""

import pytest

from dashboard.accounts.models import User
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.verbs import CONSULT, GROUP, MONDAY

ONE_HOLD = "This time is already reserved. cal.com keeps one hold a time, even if seats are left."


def test_second_hold_of_a_time_with_seats_left(calcom: Sandbox, staff: User) -> None:
    first = verbs.place(staff, event_type=GROUP)

    with pytest.raises(HoldError) as refused:
        verbs.place(staff, event_type=GROUP)

    assert refused.value.happened == ONE_HOLD
    assert refused.value.others == (first,)


def test_move_of_another_event_type_to_a_time_with_seats_left(calcom: Sandbox, staff: User) -> None:
    verbs.place(staff, event_type=GROUP)
    hold = verbs.place(staff, event_type=CONSULT)

    with pytest.raises(HoldError) as refused:
        verbs.move(staff, hold, MONDAY, event_type_id=GROUP)

    assert refused.value.happened == ONE_HOLD
