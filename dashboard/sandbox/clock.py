"""The stand-in's clock: real time, moved or stopped where a test or a training needs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Answers with aware moments in UTC, cut to milliseconds as JavaScript's are."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._stopped_at: datetime | None = None

    def now(self) -> datetime:
        """This moment as the stand-in sees it."""
        moment = self._stopped_at or datetime.now(UTC) + self._ahead
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def stop(self, at: datetime | None = None) -> None:
        """Stand still, at the aware moment given or where the clock is."""
        self._stopped_at = (at or self.now()).astimezone(UTC)

    def shift(self, seconds: float) -> None:
        """Go ahead by so many seconds, or back if negative; a stopped clock stays stopped."""
        step = timedelta(seconds=seconds)
        if self._stopped_at is None:
            self._ahead += step
        else:
            self._stopped_at += step

    def reset(self) -> None:
        """Show real time again."""
        self._ahead, self._stopped_at = timedelta(0), None
