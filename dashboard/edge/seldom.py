"""Log a warning that every request would repeat, at most once a minute."""

from __future__ import annotations

import logging
import time

INTERVAL_SECONDS = 60

logger = logging.getLogger("dashboard.edge.network")
logged_at: dict[str, float] = {}  # of this process, by kind: as many as there are kinds


def warn(kind: str, message: str, *, now: float | None = None) -> None:
    """Log the message unless one of its kind was logged within the last minute."""
    now = time.monotonic() if now is None else now
    if now - logged_at.get(kind, -INTERVAL_SECONDS) >= INTERVAL_SECONDS:
        logged_at[kind] = now
        logger.warning("%s", message)
