"""Checks take over what was changed outside Holdfast."""

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest

from dashboard.accounts.models import User
from dashboard.calcom_state.calcom_client import PAGE_SECONDS
from dashboard.holds import checks
from dashboard.holds.checks import Comparison
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import at_cal_com, audit_of, in_register, sent, states
from tests.holds.verbs import CONSULT, LATER, MONDAY, SHORT, VARIABLE


def test_change_outside_is_taken_over(calcom: Sandbox, staff: User) -> None:
    """With title, kind and lengths of the new event type."""
    hold = verbs.place(staff, event_type=VARIABLE, slot_duration=45)
    calcom.remove_reservations()
    calcom.insert_reservation(
        SHORT, MONDAY + timedelta(days=1), uid=hold.reservation_uid, minutes=30
    )

    checked = verbs.check(staff, hold)

    now = checked.hold
    assert checked.comparison is Comparison.MOVED
    assert (now.event_type_title, now.event_type_kind, now.slot_duration) == (
        "Short 30",
        "individual",
        None,
    )
    assert at_cal_com(calcom) == in_register(hold)


def test_hold_that_was_shortened_outside_ran_out_at_its_end(calcom: Sandbox, staff: User) -> None:
    hold, [row] = verbs.place(staff), calcom.live_rows()
    calcom.update_reservation(row, release_at=row.release_at - timedelta(minutes=20))

    checked = verbs.check(staff, hold)

    end = row.release_at - timedelta(minutes=20)
    assert (checked.hold.state, checked.hold.ended_at) == ("expired", end)


def test_released_hold_is_not_brought_back(calcom: Sandbox, staff: User) -> None:
    """A replica of cal.com's database may be a moment behind and still have it."""
    hold = verbs.place(staff)
    uid = Hold.objects.get(pk=hold.pk).reservation_uid
    verbs.release(staff, hold)
    calcom.insert_reservation(CONSULT, MONDAY, uid=uid)

    with pytest.raises(HoldError) as refused:
        verbs.check(staff, hold)

    assert refused.value.cause == "has_ended"
    assert states(hold) == ["released"]


def test_no_check_begins_after_its_seconds(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = [verbs.place(staff), verbs.place(staff, start=LATER)]
    calcom.forget_calls()
    clock = count(step=PAGE_SECONDS * 2 / 3)  # so that there is time for the first call only
    monkeypatch.setattr(checks, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    found = verbs.check_all(staff, *holds)

    assert [each.error.cause if each.error else each.comparison for each in found] == [
        Comparison.SAME,
        "no_time",
    ]
    assert sent(calcom) == [("GET", 200)]
    assert audit_of(holds[1])[-1] == ("outcome", "check", "", "unavailable")
