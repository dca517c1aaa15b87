"""What the headers of an answer say about room and waiting.

cal.com names its windows in the header: ``X-RateLimit-Remaining-Default`` and so on, one set per
window, and resets in seconds. It refuses only while every window is used up:
https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/lib/throttler-guard.ts
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpx

from dashboard.calcom.types import Rate

PREFIX = b"x-ratelimit-"
BLOCKED = 60  # seconds that cal.com refuses for where an answer does not say
LONGEST = 24 * 3600
EPOCH = 10**9  # a larger number is a moment, not a number of seconds
EPOCH_MILLISECONDS = 10**12  # and a larger one than this is a moment in milliseconds
MOST = 2**31 - 1  # calls; cal.com's integers have four bytes
YEARS = range(1970, 3000)  # what a clock, however wrong, may show


@dataclass(frozen=True, slots=True)
class Window:
    """One window of the rate limit, as far as the headers tell."""

    limit: int | None
    remaining: int | None
    resets_in: int | None  # seconds


def windows_of(headers: httpx.Headers, now: datetime) -> tuple[Window, ...]:
    """Every window that the headers name; empty where cal.com's limiter did not see the call."""
    found: dict[str, dict[str, int | None]] = {}
    for part, name, value in _rate_headers(headers):
        found.setdefault(name, {})[part] = _whole(value)
    return tuple(
        Window(
            _calls(one.get("limit")), _calls(one.get("remaining")), _seconds(one.get("reset"), now)
        )
        for one in found.values()
    )


def roomiest(windows: tuple[Window, ...]) -> Rate | None:
    """The window with the most room, which is the room there is; of equals the first to reset.

    A limit of no calls at all tells nothing: the call that brought it was let through.
    """
    rates = [
        Rate(window.limit, window.remaining, window.resets_in)
        for window in windows
        if window.limit and window.remaining is not None and window.resets_in is not None
    ]
    return max(rates, key=lambda rate: (rate.remaining, -rate.resets_in), default=None)


def seconds_to_wait(headers: httpx.Headers, windows: tuple[Window, ...], now: datetime) -> int:
    """How long a 429 asks to wait: its Retry-After, or the first used-up window to open again."""
    wait = _retry_after(headers, now)
    if wait is None:
        resets = [
            window.resets_in
            for window in windows
            if window.resets_in is not None and not window.remaining
        ]
        wait = min(resets, default=BLOCKED)
    return min(max(wait, 1), LONGEST)


@lru_cache(maxsize=8)  # the header changes once a second
def moment_of(date: str) -> datetime | None:
    """The moment of an HTTP date, in UTC; None where it is none, or none of ``YEARS``."""
    try:
        at = parsedate_to_datetime(date)
        moment = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None


def _rate_headers(headers: httpx.Headers) -> Iterator[tuple[str, str, bytes]]:
    for key, value in headers.raw:
        lower = key.lower()
        if lower.startswith(PREFIX):
            part, _, name = lower[len(PREFIX) :].decode("ascii", "replace").partition("-")
            yield part, name, value


def _retry_after(headers: httpx.Headers, now: datetime) -> int | None:
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _seconds(_whole(value.encode("ascii", "replace")), now)
    if seconds is not None:
        return seconds
    at = moment_of(value)
    return None if at is None else round((at - now).total_seconds())


def _calls(count: int | None) -> int | None:
    return None if count is None else min(count, MOST)


def _seconds(reset: int | None, now: datetime) -> int | None:
    if reset is None:
        return None
    moment = reset / 1000 if reset > EPOCH_MILLISECONDS else reset
    seconds = moment - now.timestamp() if reset > EPOCH else reset
    return round(min(max(seconds, 0), LONGEST))


def _whole(value: bytes) -> int | None:
    text = value.strip()
    return int(text) if text.isdigit() and len(text) <= len(str(EPOCH)) + 3 else None
