"""Wait for another thread or process instead of sleeping for a guessed time."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60  # seconds, on a busy machine; only a fault takes as long


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail the test if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not so after {PATIENCE} seconds"
        time.sleep(0.01)
