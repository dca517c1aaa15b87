"""A cal.com for each test, over real HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from dashboard.accounts.models import User
from dashboard.calcom_state import calcom_client, clock
from dashboard.holds import operation
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests import future_dates
from tests.holds import verbs
from tests.holds.clocks import SetClock
from tests.holds.verbs import LATER
from tests.kept import forget_kept
from tests.waiting import PATIENCE


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox for one test, with its recorded bookings in the week of ``verbs.MONDAY``."""
    with Sandbox(future_dates.world()) as running:
        yield running


@pytest.fixture
def calcom(
    sandbox: Sandbox, settings: pytest.FixtureRequest, db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """Let the product use the sandbox, which reads what it has just written."""
    monkeypatch.setattr(operation, "REPLICA_LAG", timedelta())
    settings.CALCOM_API_URL = sandbox.url
    settings.CALCOM_API_KEY = "cal_ownerfast0123456789"
    forget_kept()
    yield sandbox
    calcom_client.close_client()
    forget_kept()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no call run out of time while a test delays its answer."""
    monkeypatch.setattr(calcom_client, "CALL_SECONDS", PATIENCE)


@pytest.fixture
def our_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    monkeypatch.setattr(clock, "_bases", clock.Bases())  # not for the next test
    return SetClock(monkeypatch)


@pytest.fixture
def live(calcom: Sandbox, staff: User, our_clock: SetClock) -> list[Hold]:
    """Place two live holds, of 15 and of 90 minutes, before a test sets the clock."""
    return [verbs.place(staff), verbs.place(staff, start=LATER, minutes=90)]
