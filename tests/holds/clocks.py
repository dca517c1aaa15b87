"""Move all clocks of one process: Django's, the client's and the machine's ticks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from django.utils import timezone

from dashboard.calcom import pending_call
from dashboard.calcom_state import clock


def follow(set_attribute: Callable[[Any, str, Any], None], ahead: Callable[[], float]) -> None:
    """Let the clocks of this process show ``ahead()`` seconds more than the real time."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=ahead())

    set_attribute(timezone, "now", lambda: Moved.now(UTC))
    set_attribute(pending_call, "datetime", Moved)
    ticks = clock.ticks
    set_attribute(clock, "ticks", lambda: ticks() + ahead())


class SetClock:
    """The local clock, which can be set; cal.com's and the machine's ticks go on as they are."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        ours, real_now = self, timezone.now

        class Moved(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + ours.ahead

        monkeypatch.setattr(timezone, "now", lambda: real_now() + ours.ahead)
        monkeypatch.setattr(pending_call, "datetime", Moved)
