"""One call on its way through the stand-in: what handlers are given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.sandbox.clock import Clock
from dashboard.sandbox.fixtures import World
from dashboard.sandbox.free_times import SlotCache
from dashboard.sandbox.message import Request
from dashboard.sandbox.state import State


@dataclass(slots=True)
class Call:
    """``pause`` is the seconds between cal.com's check and its write."""

    request: Request
    params: dict[str, str]
    payload: Any
    state: State
    clock: Clock
    pause: Callable[[], float]
    cache: SlotCache

    @property
    def world(self) -> World:
        return self.state.world

    def now(self) -> datetime:
        return self.clock.now()

    def between_check_and_write(self) -> None:
        """The gap in which another call's check finds nothing either."""
        seconds = self.pause()
        if seconds > 0:
            time.sleep(seconds)
