"""How many calls a credential may make.

The counting of ``@nest-lab/throttler-storage-redis`` as cal.com's guard uses it
(https://github.com/jmcdo29/nest-lab/tree/main/packages/throttler-storage-redis): a fixed window
from the first hit, hits that go on counting while blocked, and a block from the first refusal on.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)
BLOCK = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the rate headers say: calls, calls, seconds."""

    limit: int
    remaining: int
    reset: int
    blocked: bool = False


@dataclass(slots=True)
class _Bucket:
    ends: datetime
    hits: int = 0
    blocked_until: datetime | None = None


class Limiter:
    """One bucket per credential and limit."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, int], _Bucket] = {}
        self._lock = threading.Lock()

    def count(self, tracker: str, limit: int, now: datetime) -> Allowance:
        """Count one call and say what is left."""
        with self._lock:
            bucket = self._buckets.setdefault((tracker, limit), _Bucket(ends=now + WINDOW))
            return _count(bucket, limit, now)

    def forget(self) -> None:
        """Start all windows anew."""
        with self._lock:
            self._buckets.clear()


def _count(bucket: _Bucket, limit: int, now: datetime) -> Allowance:
    if now >= bucket.ends:
        bucket.hits, bucket.ends = 0, now + WINDOW
    bucket.hits += 1
    if bucket.blocked_until is not None and now >= bucket.blocked_until:
        bucket.blocked_until = None
        if bucket.hits > limit:
            bucket.hits, bucket.ends = 1, now + WINDOW
    if bucket.blocked_until is None and bucket.hits > limit:
        bucket.blocked_until = now + BLOCK
    if bucket.blocked_until is not None:
        return Allowance(limit, 0, _seconds(bucket.blocked_until - now), blocked=True)
    return Allowance(limit, limit - bucket.hits, _seconds(bucket.ends - now))


def _seconds(span: timedelta) -> int:
    return math.ceil(span / timedelta(seconds=1))
