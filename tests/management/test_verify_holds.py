"""``manage.py verify_holds``: ask cal.com about every open hold, as the system."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import Upstream
from dashboard.holds.models import Hold
from dashboard.management.commands import verify_holds
from dashboard.sandbox import Sandbox
from tests.holds.conftest import calcom, sandbox
from tests.holds.verbs import LATER, SHORT, place

__all__ = ["calcom", "sandbox"]
pytestmark = pytest.mark.django_db(transaction=True)


def verified(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = 0
    try:
        call_command("verify_holds")
    except SystemExit as exit_:
        code = int(str(exit_.code))
    return code, capsys.readouterr().out.splitlines()


def test_every_open_hold_is_asked_for(calcom: Sandbox, staff: User, capsys) -> None:
    same, gone, moved = place(staff), place(staff, event_type=SHORT), place(staff, start=LATER)
    calcom.remove_reservations(gone.reservation_uid)
    Hold.objects.filter(pk=moved.pk).update(slot_start=moved.slot_start.replace(hour=5))
    calcom.forget_calls()
    code, lines = verified(capsys)
    assert code == 0
    assert set(lines[:-1]) == {
        f"hold {same.pk} same",
        f"hold {gone.pk} gone",
        f"hold {moved.pk} moved",
    }
    assert lines[-1] == "1 gone, 1 moved, 1 same"
    assert {call.method for call in calcom.calls()} == {"GET"}
    outcomes = AuditEntry.objects.filter(action=AuditEntry.Action.CHECK, kind="outcome")
    assert [(each.actor_name, each.outcome) for each in outcomes] == [("system", "ok")] * 3


def test_nothing_is_open(calcom: Sandbox, capsys) -> None:
    assert verified(capsys) == (0, ["There is no hold to verify."])


def test_waits_for_the_rate(calcom: Sandbox, staff: User, capsys, monkeypatch) -> None:
    place(staff)
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        Upstream.objects.update(rate_remaining=1000)

    monkeypatch.setattr(verify_holds.time, "sleep", sleep)
    Upstream.objects.update(rate_remaining=10)
    code, lines = verified(capsys)
    assert (code, lines[-1]) == (0, "1 same")
    assert len(waits) == 1


@pytest.mark.parametrize("limit", [1, 5])
def test_a_small_allowance_is_waited_for(calcom: Sandbox, staff: User, capsys, limit: int) -> None:
    for hours in range(4):
        place(staff, start=LATER + timedelta(hours=hours))
    resets_at = timezone.now() + timedelta(minutes=1)
    Upstream.objects.update(rate_limit=limit, rate_remaining=limit, rate_resets_at=resets_at)
    code, lines = verified(capsys)
    assert (code, lines[-1]) == (0, "4 same")


def test_a_hold_that_could_not_be_asked_for_is_told(calcom: Sandbox, staff: User, capsys, settings):
    place(staff)
    settings.CALCOM_API_URL = "http://127.0.0.1:9"
    code, lines = verified(capsys)
    assert code == 1
    assert lines[-1] == "1 not verified"
    assert lines[0].startswith("hold ")
