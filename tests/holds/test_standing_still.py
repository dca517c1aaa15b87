"""A cal.com that stands still executes what it was sent when it goes on.

However long that takes, the register must account for it: an end counts from cal.com's first
answer to any later call.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state import calcom_client
from dashboard.holds import reservations, settle
from dashboard.holds.change import Change
from dashboard.holds.hold_fields import LANDING
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register
from tests.holds.verbs import LATER, ROUND_ROBIN
from tests.pages.desk import desk
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.slow

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SOME_SECONDS = timedelta(seconds=5)


USUAL_LIMITS = calcom_client.CALL_SECONDS, calcom_client.SILENT
SHORT_LIMITS = 1.0, 500  # while no call is answered


def limit_calls(monkeypatch: pytest.MonkeyPatch, limits: tuple[float, int]) -> None:
    """Let calls from now on last so many seconds, of which so many milliseconds are silent."""
    seconds, silent = limits
    calcom_client.close_client()  # it keeps the limit that it was made with
    monkeypatch.setattr(calcom_client, "CALL_SECONDS", seconds)
    monkeypatch.setattr(calcom_client, "SILENT", silent)


def stop_before(calcom: Sandbox, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Stop cal.com before the next ``reserve``, ``update`` or ``delete``."""
    original = getattr(reservations, call)

    def stop_and_call(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(reservations, call, original)
        calcom.faults.add("delay", when="before", seconds=2 * PATIENCE, count=None)
        limit_calls(monkeypatch, SHORT_LIMITS)
        return original(*args, **more)

    monkeypatch.setattr(reservations, call, stop_and_call)


def go_on(calcom: Sandbox, monkeypatch: pytest.MonkeyPatch, done: int) -> None:
    """Let cal.com do what it was sent; wait until it has ``done`` so many writes."""
    limit_calls(monkeypatch, USUAL_LIMITS)
    calcom.faults.clear()
    wait_for(lambda: len([call for call in calcom.calls() if call.method != "GET"]) >= done)


def later(hours: float) -> datetime:
    return timezone.now() + hours * HOUR


def test_unanswered_hold_stays_unconfirmed_until_cal_com_answers(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before(calcom, monkeypatch, "reserve")
    with pytest.raises(HoldError):
        verbs.place(staff, start=LATER, minutes=2)

    for hours in (0, 0.1, 4):
        settle.settle_all(later(hours))
        hold = Hold.objects.get()
        assert (hold.state, hold.latest_end) == ("unconfirmed", None)
    page = desk(staff).get(f"/holds/{hold.pk}/").content.decode()
    assert "Until when is not known before cal.com answers" in page

    go_on(calcom, monkeypatch, 1)
    asked_at = timezone.now()
    settle.settle_all(asked_at)
    hold.refresh_from_db()
    assert hold.latest_end is not None
    [row] = calcom.live_rows()
    answered_at = hold.latest_end - LANDING - 2 * MINUTE
    assert asked_at - SOME_SECONDS <= answered_at <= timezone.now() + SOME_SECONDS
    assert hold.latest_end > row.release_at
    assert settle.settle_times(hold.latest_end - SOME_SECONDS) == 0
    assert settle.settle_times(hold.latest_end + SOME_SECONDS) == 1


def test_answer_to_any_call_names_the_latest_end(
    calcom: Sandbox, staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_before(calcom, monkeypatch, "reserve")
    with pytest.raises(HoldError):
        verbs.place(staff, start=LATER)
    go_on(calcom, monkeypatch, 1)

    verbs.place(colleague, start=LATER + 2 * HOUR)
    settle.settle_times(timezone.now())

    assert Hold.objects.get(state="unconfirmed").latest_end is not None


def test_second_reservation_is_found_from_the_hold(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = verbs.place(staff, start=LATER, event_type=ROUND_ROBIN)
    stop_before(calcom, monkeypatch, "reserve")
    with pytest.raises(HoldError):
        verbs.extend(staff, hold)
    go_on(calcom, monkeypatch, 2)

    second = Hold.objects.get(stands_in_for=hold)

    assert (second.event_type_id, second.slot_start) == (ROUND_ROBIN, LATER)
    assert (second.state, second.latest_end) == ("unconfirmed", None)


@pytest.mark.parametrize(("verb", "call"), [("extend", "update"), ("release", "delete")])
def test_change_stays_open_until_cal_com_answers(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, verb: str, call: str
) -> None:
    hold = verbs.place(staff, start=LATER)
    stop_before(calcom, monkeypatch, call)
    with pytest.raises(HoldError):
        getattr(verbs, verb)(staff, hold)

    assert settle.settle_all(later(4)) == 1
    change = Change.from_json(Hold.objects.get().change)
    assert not change.is_answered
    page = desk(staff).get(f"/holds/{hold.pk}/").content.decode()
    assert "given no answer about it since" in page

    go_on(calcom, monkeypatch, 2)
    for minutes in (0, 2, 4):
        settle.settle_all(timezone.now() + minutes * MINUTE)
    hold.refresh_from_db()
    assert hold.change is None
    assert at_cal_com(calcom) == (in_register(hold) if hold.state == "held" else [])
