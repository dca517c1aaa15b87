"""Settle: record what time decided, and finish interrupted changes."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom import Cause, Exchange, Refused
from dashboard.calcom_state.models import Upstream
from dashboard.holds import reservations, runner, settle
from dashboard.holds.change import Change, Phase
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.concurrency import at_once
from tests.holds.observe import at_cal_com, in_register, is_held_for, sent, states
from tests.holds.verbs import ALL, CONSULT, LATER, MONDAY, ONE
from tests.pages.desk import desk

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CLOSE = timedelta(seconds=3)  # cal.com tells its clock in whole seconds


def later(minutes: float) -> datetime:
    return timezone.now() + minutes * MINUTE


def interrupt_extension(calcom: Sandbox, user: User, *, skip: int, when: str) -> Hold:
    """Extend a new hold so that nothing is answered after ``skip`` PATCHes.

    The verb gives up without waiting for real.
    """
    hold = verbs.place(user)
    calcom.faults.add("drop", when=when, method="PATCH", route=ONE, skip=skip, count=None)
    calcom.faults.add("500", method="GET", route=ONE, count=None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runner, "time", SimpleNamespace(sleep=lambda _seconds: None))
        with pytest.raises(HoldError):
            verbs.extend(user, hold)
    calcom.faults.clear()
    calcom.forget_calls()
    return hold


def interrupt_release(calcom: Sandbox, user: User) -> Hold:
    """Release a new hold whose DELETE is not answered."""
    hold = verbs.place(user)
    calcom.faults.add("500", method="DELETE", route=ONE, count=None)
    with pytest.raises(HoldError):
        verbs.release(user, hold)
    calcom.faults.clear()
    calcom.forget_calls()
    return hold


def refuse(*_args: Any, **_more: Any) -> None:
    now = timezone.now()
    raise Refused(Cause.OTHER_REFUSAL, Exchange("GET", ONE, now, now, 1, 403))


# --- What time decided ----------------------------------------------------------------------


def test_hold_expires_once_without_a_call(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, minutes=15)
    held_until = Hold.objects.get().held_until
    calcom.forget_calls()

    counts = [settle.settle_times(later(minutes)) for minutes in (14, 15.1, 15.2)]

    hold.refresh_from_db()
    assert counts == [0, 1, 0]
    assert (hold.state, hold.ended_at) == ("expired", held_until)
    assert calcom.calls() == []
    [entry] = AuditEntry.objects.filter(action="expire")
    assert (entry.actor, entry.actor_name, entry.hold_id) == (None, "system", hold.pk)


def test_due_holds_are_found_without_reading_the_history(db: None) -> None:
    """Every poll asks for them when one may be due."""
    now = timezone.now()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # it would read an empty table whole
            cursor.execute("SET LOCAL enable_seqscan = off")

    plan = Hold.objects.past_their_time(now, now).explain().lower()

    assert "multi-index or" in plan or "bitmapor" in plan
    assert "scan dashboard_hold" not in plan
    assert "seq scan" not in plan


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_record_an_end_once(calcom: Sandbox, staff: User) -> None:
    for number in range(3):
        verbs.place(staff, start=MONDAY + number * HOUR)
    now = later(16)

    counts = at_once(*[lambda: settle.settle_times(now)] * 4)

    assert sum(count for count in counts if isinstance(count, int)) == 3
    assert AuditEntry.objects.filter(action="expire").count() == 3
    assert states() == ["expired"] * 3


def test_board_records_ends(calcom: Sandbox, staff: User) -> None:
    verbs.place(staff)
    Upstream.objects.update(clock_offset_ms=16 * 60_000)
    calcom.forget_calls()

    desk(staff).get("/")

    assert states() == ["expired"]
    assert calcom.calls() == []


def test_unconfirmed_hold_ends_when_it_can_no_longer_stand(calcom: Sandbox, staff: User) -> None:
    """After the minutes asked for, and one more for a call that is still at work at cal.com."""
    calcom.faults.add("drop", when="after", method="POST", route=ALL)
    with pytest.raises(HoldError):
        verbs.place(staff, minutes=15)
    latest_end = Hold.objects.get().latest_end
    assert latest_end is not None
    [row] = calcom.live_rows()
    assert row.release_at + MINUTE - CLOSE <= latest_end <= later(16) + CLOSE

    moments = (latest_end - CLOSE, latest_end + CLOSE)
    assert [settle.settle_times(moment) for moment in moments] == [0, 1]
    assert states() == ["expired"]


# --- Interrupted changes --------------------------------------------------------------------


def test_parked_hold_is_brought_to_its_target(calcom: Sandbox, staff: User) -> None:
    started = timezone.now()
    hold = interrupt_extension(calcom, staff, skip=2, when="before")
    [parked] = calcom.live_rows()
    assert parked.start < MONDAY
    assert Change.from_json(Hold.objects.get().change).phase is Phase.ARRIVING

    call_command("settle")

    hold.refresh_from_db()
    assert (hold.state, hold.change, hold.slot_start) == ("held", None, MONDAY)
    assert at_cal_com(calcom) == in_register(hold)
    assert is_held_for(hold, 30, since=started)


def test_change_that_had_arrived_needs_one_get(calcom: Sandbox, staff: User) -> None:
    hold = interrupt_extension(calcom, staff, skip=2, when="after")

    call_command("settle")

    assert sent(calcom) == [("GET", 200)]
    assert at_cal_com(calcom) == in_register(hold)
    assert Hold.objects.get().change is None


def test_one_pass_sends_one_get_and_one_write(calcom: Sandbox, staff: User) -> None:
    """Leave to the next pass what cannot be done then."""
    interrupt_extension(calcom, staff, skip=2, when="before")
    calcom.faults.add("drop", when="before", method="PATCH", route=ONE, count=None)

    assert settle.settle_changes(timezone.now()) == 1

    assert [method for method, _status in sent(calcom)] == ["GET", "PATCH"]


def test_late_write_is_looked_for_now_and_then(calcom: Sandbox, staff: User) -> None:
    """Not each time: a look is a call, and a line of the hold's story."""
    hold = verbs.place(staff)
    calcom.faults.add("drop", method="PATCH")
    with pytest.raises(HoldError):
        verbs.extend(staff, hold)
    calcom.forget_calls()

    began = timezone.now()
    for seconds in range(0, 60, 3):
        settle.settle_all(began + timedelta(seconds=seconds))

    assert sent(calcom) == [("GET", 200)] * 3
    looks = AuditEntry.objects.filter(action="settle", kind="outcome")
    assert set(looks.values_list("outcome", flat=True)) == {"unknown"}
    settle.settle_all(began + timedelta(seconds=62))
    assert (states(hold), Hold.objects.get(pk=hold.pk).change) == (["held"], None)


def test_page_of_a_hold_finishes_its_change(calcom: Sandbox, staff: User) -> None:
    hold = interrupt_extension(calcom, staff, skip=2, when="before")

    page = desk(staff).get(f"/holds/{hold.pk}/")

    assert page.status_code == 200
    hold.refresh_from_db()
    assert (hold.change, hold.slot_start) == (None, MONDAY)


def test_return_waits_for_a_colleague_who_asks_for_the_time(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    interrupt_extension(calcom, staff, skip=2, when="before")
    other = verbs.place(colleague, start=LATER)
    Hold.objects.filter(pk=other.pk).update(
        asking_event_type=CONSULT,
        asking_start=MONDAY,
        asking_end=MONDAY + HOUR,
        claim_until=later(1),
    )
    calcom.forget_calls()

    settle.settle_changes(timezone.now())
    assert sent(calcom) == []

    settle.settle_changes(later(1.1))
    assert sent(calcom) == [("GET", 200), ("PATCH", 200)]


def test_settling_leaves_calls_for_people(calcom: Sandbox, staff: User) -> None:
    interrupt_release(calcom, staff)
    Upstream.objects.update(rate_limit=120, rate_remaining=21, rate_resets_at=later(1))

    assert settle.settle_changes(timezone.now()) == 1
    assert calcom.calls() == []

    Upstream.objects.update(rate_remaining=22)
    assert settle.settle_changes(timezone.now()) == 0


def test_parked_hold_leaves_no_calls_for_people(calcom: Sandbox, staff: User) -> None:
    """Its time is anyone's to take."""
    hold = interrupt_extension(calcom, staff, skip=2, when="before")
    Upstream.objects.update(rate_limit=120, rate_remaining=2, rate_resets_at=later(1))

    assert settle.settle_changes(timezone.now()) == 0
    hold.refresh_from_db()
    assert hold.slot_start == MONDAY


def test_refused_get_gives_nothing_up(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a refused way back turns a parked hold away."""
    hold = interrupt_extension(calcom, staff, skip=1, when="after")
    with monkeypatch.context() as patched:
        patched.setattr(reservations, "get", refuse)
        assert settle.settle_changes(timezone.now()) == 1

    assert settle.settle_changes(later(2)) == 0
    hold.refresh_from_db()
    assert (hold.state, hold.slot_start) == ("held", MONDAY)


def test_refused_release_is_repeated_until_the_hold_runs_out(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = interrupt_release(calcom, staff)
    held_until = Hold.objects.get().held_until
    monkeypatch.setattr(reservations, "delete", refuse)

    assert [settle.settle_changes(later(minutes)) for minutes in (2, 4)] == [1, 1]
    assert Change.from_json(Hold.objects.get().change).phase is Phase.DELETING
    calcom.clock.shift(16 * 60)
    Upstream.objects.update(clock_offset_ms=16 * 60_000)
    assert settle.settle_changes(later(6)) == 0

    hold.refresh_from_db()
    assert (hold.state, hold.ended_at) == ("expired", held_until)
