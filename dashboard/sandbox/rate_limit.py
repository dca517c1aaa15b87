"""The count of calls that a credential may make.

It counts as ``@nest-lab/throttler-storage-redis`` does
(https://github.com/jmcdo29/nest-lab/tree/main/packages/throttler-storage-redis): in fixed windows
from the first call on, with a block from the first refused call on; calls count on while blocked.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.sandbox.http_server import Headers

WINDOW = BLOCK = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


def rate_headers(limit: int, remaining: int, reset: timedelta) -> Headers:
    values = {"Limit": limit, "Remaining": remaining, "Reset": math.ceil(reset / SECOND)}
    return [(f"X-RateLimit-{name}-Default", str(value)) for name, value in values.items()]


@dataclass(slots=True)
class Bucket:
    """The calls of one credential in its present window."""

    limit: int
    ends: datetime
    hits: int = 0
    blocked_until: datetime | None = None

    def count(self, now: datetime) -> None:
        if now >= self.ends:
            self.hits, self.ends = 0, now + WINDOW
        self.hits += 1
        if self.blocked_until is not None and now >= self.blocked_until:
            self.blocked_until = None
            if self.hits > self.limit:
                self.hits, self.ends = 1, now + WINDOW
        if self.blocked_until is None and self.hits > self.limit:
            self.blocked_until = now + BLOCK


class RateLimiter:
    """One bucket per credential and limit, shared by all threads."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, int], Bucket] = {}
        self._limits: dict[str, int] = {}
        self._lock = threading.Lock()

    def count(self, credential: str, limit: int, now: datetime) -> tuple[Headers, bool]:
        """Count one call. Return the headers to answer with, and whether the caller is blocked.

        The limit, in calls a minute, is the given one unless ``set_limit`` was called.
        """
        with self._lock:
            limit = self._limits.get(credential, limit)
            bucket = self._buckets.setdefault((credential, limit), Bucket(limit, now + WINDOW))
            bucket.count(now)
            if bucket.blocked_until is not None:
                return rate_headers(limit, 0, bucket.blocked_until - now), True
            return rate_headers(limit, limit - bucket.hits, bucket.ends - now), False

    def set_limit(self, credential: str, limit: int) -> None:
        """Set the calls a minute of a credential, from a new window on."""
        self._limits[credential] = limit

    def reset(self) -> None:
        """Forget all windows and all limits that were set."""
        with self._lock:
            self._buckets.clear()
            self._limits.clear()
