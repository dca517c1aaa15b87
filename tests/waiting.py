"""Wait for another thread or process instead of sleeping for a guessed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

PATIENCE = 60  # seconds, on a busy machine; only a fault takes as long
MOST_TESTS_TAKE = timedelta(seconds=PATIENCE / 2)


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail the test if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not so after {PATIENCE} seconds"
        time.sleep(0.01)


def let_midnight_pass() -> None:
    """Wait if the office's day is about to end, so that a test begins and ends on the same day.

    At midnight pages change by themselves, because they name the day of a time that is not today.
    """
    office = timezone.get_default_timezone()
    day = timezone.localdate(timezone.now() + MOST_TESTS_TAKE, office)
    wait_for(lambda: timezone.localdate(timezone=office) == day)
