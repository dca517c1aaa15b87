"""Our clock within one action."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class Clock:
    """A clock that counts on from a given moment, so that a verb takes ``now`` as a parameter."""

    def __init__(self, now: datetime) -> None:
        self._start = now
        self._ticks = time.monotonic()

    def now(self) -> datetime:
        """Return the moment on our clock."""
        return self._start + timedelta(seconds=time.monotonic() - self._ticks)
