"""Computed free times and how long they are given again."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

CACHED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class FreeTime:
    """``booked`` is None where the event type has no seats."""

    start: datetime
    booked: int | None = None
    booking_uid: str | None = None


class SlotCache:
    """Computed answers by query, as cal.com keeps them in Redis."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[datetime, list[FreeTime]]] = {}
        self._lock = threading.Lock()

    def get(self, key: object, now: datetime) -> list[FreeTime] | None:
        with self._lock:
            until, free = self._kept.get(key, (now, []))
            return free if now < until else None

    def put(self, key: object, now: datetime, free: list[FreeTime]) -> None:
        with self._lock:
            self._kept = {old: kept for old, kept in self._kept.items() if now < kept[0]}
            self._kept[key] = (now + CACHED, free)

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()
