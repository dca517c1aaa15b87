"""The local clock: within one action, and whether it was set meanwhile.

The ticks of a machine go on evenly, and no one can set them. The local clock less the ticks, its
*base*, stays the same until the clock is set, and then differs by as much as it was set.
"""

import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from django.utils import timezone

from dashboard.calcom_state import calcom_client

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # not datetime.min: callers subtract from it
# Calls that the longest claim covers.
MOST_CALLS = 12
# By more than so many milliseconds a clock does not drift between two answers of cal.com.
STEP_MS = 2000


@dataclass(slots=True)
class Bases:
    """Values of ``base_ms`` that this process has seen."""

    confirmed: int | None = None  # when the local clock was last known, or taken, to be right
    offset: tuple[str, int] | None = None  # last learnt: source, and ms; see ``own_offset``
    last: int | None = None
    changed_at: tuple[float, datetime] | None = None  # by ticks, and by the local clock


_bases = Bases()


def time_limit(calls: int) -> timedelta:
    """Return how long a verb of so many calls may keep its claim."""
    return timedelta(seconds=calcom_client.CALL_SECONDS * calls + 2)


def longest_claim() -> timedelta:
    """Return how long any claim can last. One with a later end was made before a step back."""
    return time_limit(MOST_CALLS)


def ticks() -> float:
    """Return seconds that no one can set, the same in all processes of a machine.

    Where the system can tell, they go on while it sleeps.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@cache
def boot_id() -> str:
    """Return what distinguishes the ticks of this machine and start from any other's."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return platform.node()[:36]


def base_ms() -> int:
    """Return the local clock less the ticks, in milliseconds: it changes when the clock is set."""
    now = timezone.now()
    base = round((now.timestamp() - ticks()) * 1000)
    if _bases.last is None:
        _bases.last = base
    elif abs(base - _bases.last) > STEP_MS:
        _bases.last, _bases.changed_at = base, (ticks(), now)
    return base


def set_by_ms(base: int | None, boot: str | None) -> int:
    """Return how far the local clock was set since this base of a machine's start.

    That is 0 where the base is of another one.
    """
    set_by = base_ms() - base if base is not None and boot == boot_id() else 0
    return set_by if abs(set_by) > STEP_MS else 0


def confirm(source: str, offset_ms: int) -> None:
    """Remember that the local clock is right, and cal.com's clock less it."""
    _bases.confirmed, _bases.offset = base_ms(), (source, offset_ms)


def own_offset(source: str) -> tuple[int, int | None] | None:
    """Return the offset that cal.com's answers to this process showed, and the base then, in ms.

    None where this source has told this process nothing yet.
    """
    if _bases.offset is None or _bases.offset[0] != source:
        return None
    return _bases.offset[1], _bases.confirmed


def is_confirmed() -> bool:
    """Return whether an answer of cal.com has told this process that the local clock is right."""
    return _bases.offset is not None


def has_stepped_since(base: int | None) -> bool:
    """Return whether the local clock was set since this base; None: since it was confirmed."""
    if _bases.confirmed is None:
        _bases.confirmed = base_ms()
    return abs(base_ms() - (_bases.confirmed if base is None else base)) > STEP_MS


def may_predate_step(made_at: datetime, until: datetime) -> bool:
    """Return whether an action may have begun before the local clock was set, and still run.

    Once this process has known of the step for as long as a claim can last, none is.
    """
    base_ms()  # sees a step
    if _bases.changed_at is None:
        return False
    seen_ticks, seen_at = _bases.changed_at
    if ticks() - seen_ticks > longest_claim().total_seconds():
        return False
    is_earlier = made_at < seen_at - timedelta(milliseconds=STEP_MS)
    return is_earlier or until > timezone.now() + longest_claim()


class Clock:
    """A clock that counts on from a given moment, so that a verb takes ``now`` as a parameter."""

    def __init__(self, now: datetime) -> None:
        self._start = now
        self._ticks = ticks()
        self._base = base_ms()

    def now(self) -> datetime:
        """Return the moment on the local clock, as it was at the start."""
        return self._start + timedelta(seconds=ticks() - self._ticks)

    def has_stepped(self) -> bool:
        """Return whether the local clock was set since the start, and differs from this one."""
        return has_stepped_since(self._base)
