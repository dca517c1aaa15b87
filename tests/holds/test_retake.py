"""Release and reserve anew: only where every safe way was refused, whatever was agreed to."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom import CalcomError, Cause, Refused
from dashboard.calcom.types import Exchange
from dashboard.holds import services
from dashboard.holds.calls import Action
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import ONE, ROUND_ROBIN


def methods(calcom: Sandbox) -> list[str]:
    return [call.method for call in calcom.calls() if "reservations" in (call.route or "")]


def refuse_parking(calcom: Sandbox, **more: Any) -> None:
    """Strangers stand wherever the hold would be parked."""
    calcom.faults.add("stranger", method="PATCH", route=ONE, skip=1, count=2, **more)


def test_what_was_never_offered_is_not_done(calcom: Sandbox, staff: User) -> None:
    """A safe way is open, and it is taken."""
    hold = cast.place(staff)
    before = cast.register(hold)
    calcom.forget_calls()

    cast.extend(staff, hold, retake=True)

    assert methods(calcom) == ["PATCH"] * 3
    assert cast.rows(calcom) == [cast.register(hold)] == [before]


def test_round_robin_has_a_safe_way_always(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, event_type=ROUND_ROBIN)
    calcom.forget_calls()

    cast.extend(staff, hold, retake=True)

    assert methods(calcom) == ["POST", "DELETE"]


def test_each_of_the_two_is_an_action_of_its_own(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    refuse_parking(calcom)

    cast.extend(staff, hold, retake=True)

    ends = AuditEntry.objects.filter(action="extend", kind="outcome").order_by("id")
    assert [(end.outcome, end.error_code, end.after.get("way")) for end in ends] == [
        ("refused", "retake_needed", "park and return"),
        ("ok", "", "retake"),
    ]
    opened = AuditEntry.objects.filter(action="extend", kind="intent")
    assert [entry.asked.get("retake") for entry in opened] == [True, True]


@pytest.mark.parametrize(("kind", "status"), [("429", 503), ("500", 503), ("drop", 503)])
def test_other_failures_give_nothing_up(
    calcom: Sandbox, staff: User, kind: str, status: int
) -> None:
    hold = cast.place(staff)
    calcom.faults.add(kind, when="before", method="PATCH", route=ONE, skip=1)
    calcom.forget_calls()

    with pytest.raises(HoldError) as failed:
        cast.extend(staff, hold, retake=True)

    assert failed.value.status == status
    assert not {"DELETE", "POST"} & set(methods(calcom))


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.NOT_RELATED, 403),
        (Cause.UNKNOWN_EVENT_TYPE, 404),
        (Cause.WRONG_DURATION, 400),
        (Cause.NO_HOSTS, 400),
        (Cause.OTHER_REFUSAL, 413),
    ],
)
def test_a_refusal_that_would_meet_any_time_offers_nothing(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, cause: Cause, status: int
) -> None:
    """Given up for it, the hold would be lost for certain."""
    hold = cast.place(staff)
    update, calls = Action.update, []

    def refuse(self: Action, *args: Any) -> Any:
        calls.append(args)
        try:
            return update(self, *args)
        except CalcomError as error:
            told: Exchange = error.exchange
        raise Refused(cause, Exchange(**_fields(told) | {"status": status}))

    def _fields(told: Exchange) -> dict[str, Any]:
        return {name: getattr(told, name) for name in Exchange.__dataclass_fields__}

    cast.extend(staff, hold, 20)  # from here on parking is tried at once
    refuse_all(calcom)
    monkeypatch.setattr(Action, "update", refuse)
    calcom.forget_calls()

    with pytest.raises(HoldError) as failed:
        cast.extend(staff, hold, retake=True)

    assert (failed.value.retake, failed.value.cause) == (False, cause)
    assert "The hold is unchanged" in failed.value.problem.safe
    assert (methods(calcom), len(calls)) == (["PATCH"], 1)


def refuse_all(calcom: Sandbox) -> None:
    calcom.faults.add("stranger", method="PATCH", route=ONE, count=None)


def test_nobody_retakes_what_a_colleague_changed_in_between(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = cast.place(staff)
    refuse_parking(calcom)
    load, loads = services.rate_and_clock.load, []

    def changed() -> Any:
        loads.append(1)
        if len(loads) == 2:  # the first extension is over, the second not begun
            Hold.objects.update(version=99)
        return load()

    monkeypatch.setattr(services.rate_and_clock, "load", changed)
    calcom.forget_calls()

    with pytest.raises(HoldError) as failed:
        cast.extend(staff, hold, retake=True)

    assert failed.value.cause == "changed_meanwhile"
    assert "DELETE" not in methods(calcom)
