"""Read from an answer's headers how much room the rate limit leaves and how long to wait.

cal.com names its windows in the header, ``X-RateLimit-Remaining-Default`` and so on, one set per
window. It refuses only while every window is used up:
https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/lib/throttler-guard.ts
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpx

from dashboard.calcom.types import LARGEST_INTEGER, Rate

PREFIX = "x-ratelimit-"
BLOCKED = 60  # seconds that cal.com refuses for where an answer does not say
# Seconds that are believed; then a call may ask again. Some servers count in milliseconds.
LONGEST = 3600
EPOCH = 10**9  # a larger number is a moment, not a number of seconds
EPOCH_MILLISECONDS = 10**12  # and a larger one than this is a moment in milliseconds
NUMBER = re.compile(r"[0-9]{1,13}")
YEARS = range(1970, 3000)  # that a clock, however wrong, may show

# Limit, remaining calls and seconds until it resets, as far as the headers tell.
Window = tuple[int | None, int | None, int | None]


def windows_of(headers: httpx.Headers) -> list[Window]:
    """Return every window that the headers name; none where cal.com's limiter saw no call."""
    found: dict[str, dict[str, str]] = {}
    for key, value in headers.multi_items():
        if key.startswith(PREFIX):
            part, _, name = key.removeprefix(PREFIX).partition("-")
            found.setdefault(name, {})[part] = value
    return [
        (
            calls_of(one.get("limit", "")),
            calls_of(one.get("remaining", "")),
            seconds_of(one.get("reset", ""), headers),
        )
        for one in found.values()
    ]


def rate_of(headers: httpx.Headers) -> Rate | None:
    """Return the window with the most room, which is the room there is.

    Of two equals it is the next to reset. A limit of zero is ignored: this call was let through.
    """
    rates = [
        Rate(limit, remaining, resets_in)
        for limit, remaining, resets_in in windows_of(headers)
        if limit and remaining is not None and resets_in is not None
    ]
    return max(rates, key=lambda rate: (rate.remaining, -rate.resets_in), default=None)


def seconds_to_wait(headers: httpx.Headers) -> int:
    """Return how long a 429 asks to wait: Retry-After, or until the first used-up window resets."""
    wait = seconds_of(headers.get("retry-after", ""), headers)
    if wait is None:
        used_up = [resets_in for _, remaining, resets_in in windows_of(headers) if not remaining]
        wait = min((seconds for seconds in used_up if seconds is not None), default=BLOCKED)
    return max(wait, 1)


def calls_of(value: str) -> int | None:
    return min(int(value), LARGEST_INTEGER) if NUMBER.fullmatch(value) else None


def seconds_of(value: str, headers: httpx.Headers) -> int | None:
    """Return the seconds from now of a number of seconds, a Unix time or an HTTP date."""
    if NUMBER.fullmatch(value):
        number = int(value)
        if number <= EPOCH:
            return min(number, LONGEST)
        at = number / 1000 if number > EPOCH_MILLISECONDS else number
    elif moment := moment_of(value):
        at = moment.timestamp()
    else:
        return None
    now = date_of(headers) or datetime.now(UTC)  # by the clock that wrote the headers
    return round(min(max(at - now.timestamp(), 0), LONGEST))


def date_of(headers: httpx.Headers) -> datetime | None:
    """Return the server's clock in UTC, in whole seconds."""
    return moment_of(headers.get("date", ""))


@lru_cache(maxsize=8)  # the Date header changes once a second
def moment_of(date: str) -> datetime | None:
    """Return the moment of an HTTP date in UTC; None for anything else."""
    try:
        at = parsedate_to_datetime(date)
        moment = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None
