"""A cal.com for any test: the recorded world, the real clock, a free port, nothing held."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard.sandbox import Sandbox
from tests.sandbox.replay import world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Runs in a thread for one test; ``sandbox.url`` is the base URL."""
    with Sandbox(world()) as running:
        yield running
