"""A sandbox for any test: the recorded world, real time, a free port, no holds."""

from collections.abc import Iterator

import pytest

from dashboard.sandbox import Sandbox
from tests.sandbox.replay import world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox for one test; ``sandbox.url`` is the base URL of its API."""
    with Sandbox(world()) as running:
        yield running
