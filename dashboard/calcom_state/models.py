"""Models of what cal.com last told: its clock, rate and habits, and its lists."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import models

from dashboard.calcom import Exchange


class Upstream(models.Model):
    """Clock, rate and habits of cal.com, as last told. One row for all processes."""

    # calcom_client.source_digest() of what is below; the clock is learnt anew from each answer.
    source = models.CharField(max_length=16, default="")
    clock_offset_ms = models.BigIntegerField(default=0)  # cal.com's clock less the local one
    # The local clock less the machine's ticks when the offset was learnt, and whose: see ``clock``.
    clock_base_ms = models.BigIntegerField(null=True)
    clock_boot_id = models.CharField(max_length=36, blank=True)
    # Latest moment, on its own clock, at which it is known to have answered a call.
    answered_at = models.DateTimeField(null=True)
    rate_limit = models.PositiveIntegerField(null=True)
    rate_remaining = models.PositiveIntegerField(null=True)
    rate_resets_at = models.DateTimeField(null=True)
    blocked_until = models.DateTimeField(null=True)
    # Until then an extension in place is known to be answered with the self-overlap 422.
    self_overlap_until = models.DateTimeField(null=True)

    # Names of fields that an answer told and that are not saved yet.
    learnt: frozenset[str] = frozenset()
    reads: tuple[Exchange, ...] = ()  # that no audit entry has, and that are not counted yet

    def __str__(self) -> str:
        return "what cal.com last told"

    def learn(self, **fields: Any) -> None:
        """Take over what an answer told, in memory."""
        for name, value in fields.items():
            setattr(self, name, value)
        self.learnt |= fields.keys()

    def cal_at(self, moment: datetime) -> datetime:
        """Return a moment of the local clock on cal.com's."""
        return moment + timedelta(milliseconds=self.clock_offset_ms)

    def cal_now(self, now: datetime) -> datetime:
        """Return the present moment on cal.com's clock, after its last answer.

        ``cal_at`` is before that where the local clock was set back and cal.com told no time since.
        """
        if self.answered_at is None:
            return self.cal_at(now)
        return max(self.cal_at(now), self.answered_at + timedelta(milliseconds=1))

    def room(self, now: datetime) -> int | None:
        """Return how many calls the last known rate allowance still covers; None if unknown."""
        if self.blocked_until is not None and self.blocked_until > now:
            return 0  # cal.com refuses all calls
        if self.rate_resets_at is None or self.rate_resets_at <= now:
            return self.rate_limit
        return self.rate_remaining

    def seconds_to_wait(self, calls: int, now: datetime, *, for_others: int = 0) -> int | None:
        """Return the seconds until so many calls are covered; None when they are now.

        Beside them, ``for_others`` calls are left, but no more than half of a whole allowance. A
        block can end before the window of the allowance does, and leave room in it. More calls than
        a whole allowance are never covered: then wait for all that is known to end.
        """
        calls += for_others if self.rate_limit is None else min(for_others, self.rate_limit // 2)
        if self.covers(calls, now):
            return None
        ends = sorted(at for at in (self.blocked_until, self.rate_resets_at) if at and at > now)
        if not ends:
            return 1
        until = next((at for at in ends if self.covers(calls, at)), ends[-1])
        return ceil((until - now).total_seconds())

    def covers(self, calls: int, at: datetime) -> bool:
        """Return whether the allowance covers so many calls, True where it is not known."""
        room = self.room(at)
        return room is None or room >= calls


class StoredAnswer(models.Model):
    """A question to cal.com and its last answer. The first to set ``asked_at`` asks."""

    source = models.CharField(max_length=16, default="")  # calcom_client.source_digest()
    name = models.CharField(max_length=60)  # of the question, see ``shared_answers``
    asked_at = models.DateTimeField(db_index=True)
    is_under_way = models.BooleanField(default=False)  # who asks waits for cal.com, or was killed
    answered_at = models.DateTimeField(null=True)
    value = models.JSONField(null=True)
    cause = models.CharField(max_length=40, blank=True)  # why there is no newer answer

    parsed: Any = None  # ``value`` once it was read

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="stored_answer_once"),
        ]

    def __str__(self) -> str:
        return f"answer on {self.name}"
