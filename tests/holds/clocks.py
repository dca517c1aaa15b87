"""Move the clocks of one process: Django's, the client's and the machine's ticks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from django.utils import timezone

from dashboard.calcom import pending_call
from dashboard.calcom_state import clock

SetAttribute = Callable[[Any, str, Any], None]


def move(set_attribute: SetAttribute, ahead: Callable[[], timedelta]) -> None:
    """Let the local clock show ``ahead()`` more than the real time."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + ahead()

    set_attribute(timezone, "now", lambda: Moved.now(UTC))
    set_attribute(pending_call, "datetime", Moved)


def follow(set_attribute: SetAttribute, ahead: Callable[[], float]) -> None:
    """Let all clocks of this process show ``ahead()`` seconds more than the real time."""
    move(set_attribute, lambda: timedelta(seconds=ahead()))
    ticks = clock.ticks
    set_attribute(clock, "ticks", lambda: ticks() + ahead())


class SetClock:
    """The local clock, which can be set; cal.com's and the machine's ticks go on as they are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        move(monkeypatch.setattr, lambda: self.ahead)
