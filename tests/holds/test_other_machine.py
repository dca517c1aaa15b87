"""Another machine has stored its own clock: each counts by what it has learnt itself."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state import clock, rate_and_clock
from dashboard.calcom_state.models import Upstream
from dashboard.holds import checks, settle
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds.clocks import SetClock
from tests.holds.observe import states
from tests.pages.desk import desk

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_offset_of_another_machine_is_trusted_while_our_clock_is_steady(
    calcom: Sandbox, our_clock: SetClock, live: list[Hold]
) -> None:
    Upstream.objects.update(clock_boot_id="another", clock_base_ms=0)
    assert rate_and_clock.is_trusted(rate_and_clock.load())

    our_clock.ahead = 2 * HOUR
    assert not rate_and_clock.is_trusted(rate_and_clock.load())


def test_no_hold_ends_by_the_clock_of_another_machine(
    calcom: Sandbox, staff: User, our_clock: SetClock, live: list[Hold]
) -> None:
    """Two machines whose clocks differ would end and reopen each hold again and again."""
    other = {"clock_boot_id": "another", "clock_base_ms": 0, "clock_offset_ms": 2 * 3_600_000}
    Upstream.objects.update(**other)
    entries = AuditEntry.objects.count()

    settle.settle_all(timezone.now())
    shown = [desk(staff).get(path)["X-Calcom-Now"] for path in ("/board", "/warnings")]
    checks.check(hold_id=live[0].pk, by=acting(staff), now=timezone.now())
    Upstream.objects.update(**other)
    settle.settle_all(timezone.now())

    assert states(*live) == ["held", "held"]
    assert AuditEntry.objects.count() == entries + 2  # of the check
    assert all(abs(datetime.fromisoformat(at) - calcom.clock.now()) < MINUTE for at in shown)


def test_call_without_an_answer_confirms_no_clock(
    calcom: Sandbox,
    staff: User,
    our_clock: SetClock,
    live: list[Hold],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """This machine was started anew with a wrong clock, and cal.com cannot be reached."""
    Upstream.objects.update(clock_boot_id="before the start")
    monkeypatch.setattr(clock, "_bases", clock.Bases())
    our_clock.ahead = 2 * HOUR
    calcom.faults.add("drop", count=None)

    with pytest.raises(HoldError):
        checks.check(hold_id=live[0].pk, by=acting(staff), now=timezone.now())
    settle.settle_all(timezone.now())

    assert states(*live) == ["held", "held"]


@pytest.mark.usefixtures("calcom", "our_clock", "live")
def test_other_clock_of_another_machine_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    rate_and_clock.warn_of_other_clock.cache_clear()
    logged = []
    for offset in (0, 120_000, 120_000):
        Upstream.objects.update(clock_boot_id="another", clock_offset_ms=offset)
        rate_and_clock.ask(rate_and_clock.load())
        logged.append(caplog.text.count("differ by more than 2 s"))
    assert logged == [0, 1, 1]
