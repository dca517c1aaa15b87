"""Retake, that is, release and reserve again: only where every safe way was refused."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import Outcome
from dashboard.calcom import Cause, Exchange, Refused
from dashboard.calcom_state import rate_and_clock
from dashboard.holds import reservations, settle, steps
from dashboard.holds.models import Hold
from dashboard.holds.operation import Operation
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, is_held_for, sent
from tests.holds.verbs import ALL, ONE, ROUND_ROBIN
from tests.pages.desk import desk

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs


def refuse_parking(calcom: Sandbox) -> None:
    """Let strangers stand at both parking places."""
    calcom.faults.add("stranger", method="PATCH", route=ONE, skip=1, count=2)


def test_two_refused_parking_places_offer_a_retake(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    before = in_register(hold)
    refuse_parking(calcom)
    calcom.forget_calls()
    calcom.clock.shift(-3)  # which the answers tell

    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)

    error = refused.value
    assert (error.retake_minutes, error.status, error.outcome) == (30, 409, Outcome.REFUSED)
    assert sent(calcom) == [("PATCH", 422)] * 3
    assert in_register(hold) == before
    assert set(before) < set(at_cal_com(calcom))
    hold.refresh_from_db()
    assert (hold.state, hold.change) == ("held", None)


def test_agreed_retake_has_a_new_uid(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    [before], started = in_register(hold), timezone.now()
    refuse_parking(calcom)
    calcom.forget_calls()

    answer = desk(staff).post(
        f"/holds/{hold.pk}/extend", {"reservation_duration": 30, "retake": "yes"}
    )

    assert (answer.status_code, answer["Location"]) == (303, f"/holds/{hold.pk}/")
    assert sent(calcom) == [("PATCH", 422)] * 3 + [("DELETE", 200), ("POST", 201)]
    [after] = in_register(hold)
    assert after in at_cal_com(calcom)
    assert before not in at_cal_com(calcom)
    assert after[:2] == before[:2]
    assert is_held_for(hold, 30, since=started)


def test_time_taken_in_the_gap_of_a_retake_is_lost(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "FIRST_PAUSE", 0.01)
    hold = verbs.place(staff)
    refuse_parking(calcom)
    calcom.faults.add("stranger", method="POST", route=ALL)

    with pytest.raises(HoldError) as lost:
        verbs.extend(staff, hold, retake=True)

    assert lost.value.happened == (
        "The hold is lost: during the change the time was reserved at cal.com."
    )
    hold.refresh_from_db()
    assert (hold.state, hold.end_reason, hold.change) == ("lost", "already_reserved", None)


def test_agreement_is_not_used_where_parking_works(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    before = in_register(hold)
    calcom.forget_calls()

    verbs.extend(staff, hold, retake=True)

    assert [method for method, _ in sent(calcom)] == ["PATCH"] * 3
    assert at_cal_com(calcom) == in_register(hold) == before


def test_refused_extension_and_retake_are_two_actions(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    refuse_parking(calcom)

    verbs.extend(staff, hold, retake=True)

    outcomes = AuditEntry.objects.filter(action="extend", kind="outcome").order_by("id")
    assert [(entry.outcome, entry.error_code, entry.after.get("way")) for entry in outcomes] == [
        ("refused", "retake_needed", "park and return"),
        ("ok", "", "retake"),
    ]
    intents = AuditEntry.objects.filter(action="extend", kind="intent")
    assert [entry.asked.get("retake") for entry in intents] == [True, True]


def test_other_failure_of_parking_gives_nothing_up(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    calcom.faults.add("500", when="before", method="PATCH", route=ONE, skip=1)
    calcom.forget_calls()

    with pytest.raises(HoldError) as failed:
        verbs.extend(staff, hold, retake=True)

    assert failed.value.status == 503
    assert not {"DELETE", "POST"} & {method for method, _ in sent(calcom)}


@pytest.mark.parametrize(
    ("cause", "status", "minutes"),
    [
        (Cause.NO_HOSTS, 422, 30),
        (Cause.ALREADY_RESERVED, 422, 30),
        (Cause.ALREADY_BOOKED, 422, None),
        (Cause.NO_HOSTS, 400, None),
    ],
)
def test_round_robin_hold_that_takes_the_last_host_can_be_retaken(
    calcom: Sandbox,
    staff: User,
    monkeypatch: pytest.MonkeyPatch,
    *,
    cause: Cause,
    status: int,
    minutes: int | None,
) -> None:
    hold = verbs.place(staff, event_type=ROUND_ROBIN)
    reserve = reservations.reserve

    def refuse_beside(operation: Operation, *args: Any) -> Any:
        if calcom.live_rows():
            raise Refused(cause, Exchange("POST", ALL, timezone.now(), timezone.now(), 1, status))
        return reserve(operation, *args)

    monkeypatch.setattr(reservations, "reserve", refuse_beside)
    with pytest.raises(HoldError) as refused:
        verbs.extend(staff, hold)
    calcom.forget_calls()

    with suppress(HoldError):
        verbs.extend(staff, hold, retake=True)

    assert "The hold is unchanged" in refused.value.safe
    assert refused.value.retake_minutes == minutes
    assert sent(calcom) == ([("DELETE", 200), ("POST", 201)] if minutes else [])
    assert at_cal_com(calcom) == in_register(hold)


def test_hold_that_changed_meanwhile_is_not_retaken(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = verbs.place(staff)
    refuse_parking(calcom)
    load, loads = rate_and_clock.load, []

    def change_before_retake() -> Any:
        loads.append(1)
        if len(loads) == 2:  # the extension has ended, the retake not begun
            Hold.objects.update(version=99)
        return load()

    monkeypatch.setattr(rate_and_clock, "load", change_before_retake)
    calcom.forget_calls()

    with pytest.raises(HoldError) as failed:
        verbs.extend(staff, hold, retake=True)

    assert failed.value.cause == "changed_meanwhile"
    assert "DELETE" not in [method for method, _ in sent(calcom)]


def retake(user: User, hold: Hold) -> Hold:
    return verbs.extend(user, hold, retake=True)


def test_retake_whose_delete_is_not_answered_looks_and_reserves(
    calcom: Sandbox, staff: User
) -> None:
    hold = verbs.place(staff)
    started = timezone.now()
    refuse_parking(calcom)
    calcom.faults.add("drop", when="after", method="DELETE", route=ONE, count=None)
    calcom.forget_calls()

    retake(staff, hold)

    assert sent(calcom)[-2:] == [("GET", 200), ("POST", 201)]
    assert in_register(hold)[0] in at_cal_com(calcom)
    assert is_held_for(hold, 30, since=started)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop", "when": "before", "method": "GET", "route": ONE, "count": 2},
        {"kind": "429", "method": "POST", "route": ALL, "count": 1, "seconds": 60},
    ],
    ids=["look fails", "reservation is put off"],
)
def test_settle_reserves_what_a_retake_has_deleted(
    calcom: Sandbox, staff: User, fault: dict[str, Any]
) -> None:
    hold = verbs.place(staff)
    refuse_parking(calcom)
    calcom.faults.add("drop", when="after", method="DELETE", route=ONE, count=None)
    calcom.faults.add(**fault)
    with pytest.raises(HoldError):
        retake(staff, hold)
    assert Hold.objects.get().change is not None
    calcom.faults.clear()
    calcom.forget_calls()

    settled_from = timezone.now()
    settle.settle_all(settled_from + timedelta(seconds=70))

    hold.refresh_from_db()
    assert (hold.state, hold.change) == ("held", None)
    intent = AuditEntry.objects.get(action="settle", kind="intent")
    assert intent.method == sent(calcom)[0][0]
    assert in_register(hold)[0] in at_cal_com(calcom)
    assert is_held_for(hold, 29, since=settled_from)
