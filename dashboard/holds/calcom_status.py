"""Model of what cal.com last told about its clock, its rate and its habits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models


class Upstream(models.Model):
    """Clock, rate and habits of cal.com, as last told. One row for all processes."""

    clock_offset_ms = models.BigIntegerField(default=0)  # cal.com's clock less ours
    rate_limit = models.PositiveIntegerField(null=True)
    rate_remaining = models.PositiveIntegerField(null=True)
    rate_resets_at = models.DateTimeField(null=True)
    blocked_until = models.DateTimeField(null=True)
    # Until then an extension in place is known to be answered with the self-overlap 422.
    self_overlap_until = models.DateTimeField(null=True)

    # Names of fields that an answer told us and that are not saved yet.
    learnt: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "what cal.com last told us"

    def learn(self, **fields: Any) -> None:
        """Take over what an answer told, in memory."""
        for name, value in fields.items():
            setattr(self, name, value)
        self.learnt |= fields.keys()

    def at(self, now: datetime) -> datetime:
        """Return the same moment on cal.com's clock."""
        return now + timedelta(milliseconds=self.clock_offset_ms)

    def room(self, now: datetime) -> int | None:
        """Return how many calls the last known rate allowance still covers; None if unknown."""
        if self.blocked_until is not None and self.blocked_until > now:
            return 0
        if self.rate_resets_at is None or self.rate_resets_at <= now:
            return self.rate_limit
        return self.rate_remaining

    def seconds_to_wait(self, calls: int, now: datetime) -> int | None:
        """Seconds until so many calls are covered; None when they are now."""
        room = self.room(now)
        if room is None or room >= calls:
            return None
        until = max(m for m in (self.blocked_until, self.rate_resets_at, now) if m is not None)
        return max(1, -int(-(until - now).total_seconds() // 1))
