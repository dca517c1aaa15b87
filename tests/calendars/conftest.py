"""A practice at cal.com for each test."""

from collections.abc import Iterator

import pytest

from dashboard.sandbox import Sandbox, demo_world
from tests.future_dates import day
from tests.holds.conftest import calcom

__all__ = ["calcom"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(demo_world(day(0)), has_teams=True) as running:
        yield running
