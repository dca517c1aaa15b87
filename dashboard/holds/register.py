"""What the register holds at this moment, read once for all who look until something changes.

Whether something changed is one query, the *stamp*: every write of a hold raises its version and
sets ``changed_at``, so over what is open and what changed since yesterday the sum of the versions
only grows. What time alone changes is counted in memory, from the moments themselves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import BooleanField, Count, ExpressionWrapper, Max, Q, Sum

from dashboard.holds.models import Hold

State = Hold.State
Stamp = tuple[Any, ...]

SOON = timedelta(minutes=5)  # until its end a hold is on the tab *Ending soon*
TOLD_FOR = timedelta(hours=12)  # so long *Needs attention* tells of a lost hold, or one gone
ENDED = (State.RELEASED, State.BOOKED, State.EXPIRED, State.GONE, State.LOST)
# An end is a moment on cal.com's clock, changed_at one on ours.
CLOCKS_APART = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """What decides on which tabs a hold stands, and whether its line is still right."""

    pk: int
    version: int
    state: str
    holder: int
    until: datetime | None
    latest_end: datetime | None
    claim_until: datetime | None
    has_change: bool
    username: str  # of the holder, like the next two
    first_name: str
    last_name: str

    def is_claimed(self, now: datetime) -> bool:
        return self.claim_until is not None and self.claim_until > now

    def is_live(self, at: datetime) -> bool:
        return self.state == State.HELD and self.until is not None and self.until > at

    def is_calm(self, now: datetime) -> bool:
        """As in ``HoldQuerySet.calm``."""
        undisturbed = not self.has_change or self.is_claimed(now)
        return undisturbed and self.state in (State.HELD, State.PLACING)

    def ends_soon(self, at: datetime) -> bool:
        return self.is_live(at) and self.until is not None and self.until <= at + SOON


@dataclass(frozen=True, slots=True)
class Register:
    """Holds that are open, soonest end first, and how many have ended."""

    stamp: Stamp
    entries: tuple[Entry, ...]
    untils: tuple[datetime, ...]
    claims: tuple[datetime, ...]
    told: tuple[datetime, ...]  # when holds were lost or gone
    ended_count: int

    def passed(self, now: datetime, at: datetime) -> tuple[int, ...]:
        """How many moments of each kind are behind us: the same as long as time changes nothing."""
        return (
            bisect_right(self.untils, at),
            bisect_right(self.untils, at + SOON),
            bisect_right(self.claims, now),
            bisect_right(self.told, at - TOLD_FOR),
        )

    def told_count(self, at: datetime) -> int:
        return len(self.told) - bisect_right(self.told, at - TOLD_FOR)

    def is_due(self, now: datetime, at: datetime) -> bool:
        """Whether time has decided something that nobody has recorded."""
        return any(self._due(now, at))

    def _due(self, now: datetime, at: datetime) -> Iterator[bool]:
        for entry in self.entries:
            if entry.claim_until is not None:
                yield entry.claim_until <= now
            elif entry.state == State.UNCONFIRMED:
                yield entry.latest_end is not None and entry.latest_end <= at
            else:
                yield entry.until is not None and entry.until <= at and not entry.has_change


# Shared by the threads of a process, which replace it whole.
_kept: list[Register] = []


def read(now: datetime, at: datetime) -> Register:
    """The register now: one query as long as nothing was written, four when something was."""
    stamp = _stamp(now)
    kept = _kept[0] if _kept else None
    if kept is None or kept.stamp != stamp:
        # The stamp is the older of the two, so that a write in between is news once more.
        kept = _load(stamp, now, at)
        _kept[:] = [kept]
    return kept


def ended(now: datetime) -> Any:
    """Holds that ended since the beginning of yesterday, the last one first; no stand-ins."""
    since = _yesterday(now)
    return Hold.objects.filter(
        state__in=ENDED,
        ended_at__gte=since,
        changed_at__gte=since - CLOCKS_APART,
        stands_in_for=None,
    ).order_by("-ended_at", "-id")


def told(at: datetime) -> Any:
    """Holds that ended otherwise than anybody meant, a short while ago."""
    return Hold.objects.filter(
        state__in=(State.LOST, State.GONE), ended_at__gt=at - TOLD_FOR, change__isnull=True
    )


def _yesterday(now: datetime) -> datetime:
    """When yesterday began in the office."""
    office = ZoneInfo(settings.OFFICE_TIME_ZONE)
    return datetime.combine(now.astimezone(office) - timedelta(days=1), time(), office)


def _stamp(now: datetime) -> Stamp:
    since = _yesterday(now)
    seen = Hold.objects.filter(
        Q(state__in=Hold.OPEN) | Q(changed_at__gte=since - CLOCKS_APART)
    ).aggregate(Count("pk"), Sum("pk"), Sum("version"), Max("changed_at"))
    return (since, *seen.values())


def _load(stamp: Stamp, now: datetime, at: datetime) -> Register:
    entries = tuple(_entries())
    return Register(
        stamp=stamp,
        entries=entries,
        untils=tuple(sorted(e.until for e in entries if e.until is not None)),
        claims=tuple(sorted(e.claim_until for e in entries if e.claim_until is not None)),
        told=tuple(told(at).order_by("ended_at").values_list("ended_at", flat=True)),
        ended_count=ended(now).count(),
    )


def _entries() -> Iterator[Entry]:
    has_change = ExpressionWrapper(Q(change__isnull=False), output_field=BooleanField())
    columns = Hold.objects.on_board().order_by("held_until", "id")
    for entry in columns.values_list(
        "pk",
        "version",
        "state",
        "holder",
        "held_until",
        "latest_end",
        "claim_until",
        has_change,
        "holder__username",
        "holder__first_name",
        "holder__last_name",
    ):
        yield Entry(*entry)
