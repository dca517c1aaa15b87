"""A cal.com of one's own that the cast talks to over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds import calls
from dashboard.sandbox import Sandbox
from tests import future_dates
from tests.holds.desk import desk
from tests.holds.script_client import Outsider


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """For one test, with the recorded bookings in the week that these tests ask for."""
    with Sandbox(future_dates.world()) as running:
        yield running


@pytest.fixture
def calcom(sandbox: Sandbox, settings: pytest.FixtureRequest, db: None) -> Iterator[Sandbox]:
    settings.CALCOM_API_URL = sandbox.url
    settings.CALCOM_API_KEY = "cal_ownerfast0123456789"
    cache.clear()
    yield sandbox
    calls.close_client()
    cache.clear()


@pytest.fixture
def browser(calcom: Sandbox, staff: User) -> Client:
    """The staff's own, signed in."""
    return desk(staff)


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def script(request: pytest.FixtureRequest, calcom: Sandbox, staff: User) -> Outsider:
    return Outsider("staff", calcom, request.param)


@pytest.fixture
def mate(script: Outsider, colleague: User) -> Outsider:
    return Outsider("colleague", script.calcom, script.htmx)


@pytest.fixture
def boss(script: Outsider, admin: User) -> Outsider:
    return Outsider("admin", script.calcom, script.htmx)
