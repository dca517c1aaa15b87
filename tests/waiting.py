"""Waiting for what another thread or process is about to do, instead of guessing how long."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 10  # seconds


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it is so; a test whose condition never comes has failed."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.01)
