"""What the register holds at this moment, read once for all who look until something changes.

Whether something changed is one query, the *stamp*: every write of a hold raises its version and
sets ``changed_at``, so over what is open and what changed since yesterday the sum of the versions
only grows. What time alone changes is counted in memory, from the moments themselves.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q

from dashboard.holds import offers, rate_and_clock
from dashboard.holds.models import Hold

State = Hold.State
Stamp = tuple[Any, ...]

SOON = timedelta(minutes=5)  # until its end a hold is on the tab *Ending soon*
WARNED_AHEAD = timedelta(minutes=15)  # pages know of their person's holds so long before the end
TOLD_FOR = timedelta(hours=12)  # so long *Needs attention* tells of a lost hold, or one gone
ENDED = (State.RELEASED, State.BOOKED, State.EXPIRED, State.GONE, State.LOST)
# Every poll asks this, and what cal.com's clock shows, in one; to put it together each time would
# take longer than to answer it.
STAMP = (
    "SELECT (SELECT clock_offset_ms FROM dashboard_upstream WHERE id = %s),"
    " COUNT(*), SUM(id), SUM(version), MAX(changed_at)"
    " FROM dashboard_hold WHERE state IN (%s, %s, %s) OR changed_at >= %s"
)
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
    offer: int | None
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
    own: Mapping[int, Sequence[datetime]]  # the same of each holder
    claims: tuple[datetime, ...]
    told: tuple[datetime, ...]  # when holds were lost or gone
    first_end: datetime | None  # of those that nobody is at work on
    places: Mapping[int, tuple[int, int]]  # of holds that are one of an offer: 2, 3 for 2 of 3
    ended_count: int

    def passed(self, now: datetime, at: datetime, holder: int) -> tuple[int, ...]:
        """How many moments of each kind are behind us: the same as long as time changes nothing
        for this person."""
        return (
            bisect_right(self.untils, at),
            bisect_right(self.untils, at + SOON),
            bisect_right(self.claims, now),
            bisect_right(self.told, at - TOLD_FOR),
            bisect_right(self.own.get(holder, []), at + WARNED_AHEAD),
        )

    def told_count(self, at: datetime) -> int:
        return len(self.told) - bisect_right(self.told, at - TOLD_FOR)

    def is_due(self, now: datetime, at: datetime) -> bool:
        """Whether time has decided something that nobody has recorded."""
        claims_over = bool(self.claims) and self.claims[0] <= now
        return claims_over or (self.first_end is not None and self.first_end <= at)


# Shared by the threads of a process, which replace it whole.
_kept: list[Register] = []


def read(now: datetime) -> tuple[Register, datetime]:
    """The register now, and the moment on cal.com's clock: one query while nothing is written."""
    stamp, at = _stamp(now)
    kept = _kept[0] if _kept else None
    if kept is None or kept.stamp != stamp:
        # The stamp is the older of the two, so that a write in between is news once more.
        kept = _load(stamp, now, at)
        _kept[:] = [kept]
    return kept, at


def forget() -> None:
    """Read all anew the next time, as a process does that has just begun."""
    _kept.clear()


def ended(now: datetime) -> Any:
    """Holds that ended since the beginning of yesterday, the last one first; no stand-ins."""
    lately = Hold.objects.filter(state__in=ENDED, ended_at__gte=_yesterday(now))
    # Not "is null": SQLite would look for these first, and find the whole history.
    return lately.exclude(stands_in_for__gt=0).order_by("-ended_at", "-id")


def told(at: datetime) -> Any:
    """Holds that ended otherwise than anybody meant, a short while ago."""
    return Hold.objects.filter(
        state__in=(State.LOST, State.GONE), ended_at__gt=at - TOLD_FOR, change__isnull=True
    )


def _yesterday(now: datetime) -> datetime:
    """When yesterday began in the office."""
    office = ZoneInfo(settings.OFFICE_TIME_ZONE)
    return datetime.combine(now.astimezone(office) - timedelta(days=1), time(), office)


def _stamp(now: datetime) -> tuple[Stamp, datetime]:
    since = _yesterday(now)
    changed = connection.ops.adapt_datetimefield_value(since - CLOCKS_APART)
    with connection.cursor() as cursor:
        cursor.execute(STAMP, [rate_and_clock.ROW, *Hold.OPEN, changed])
        offset, *seen = cursor.fetchone()
    return (since, *seen), now + timedelta(milliseconds=offset or 0)


def _load(stamp: Stamp, now: datetime, at: datetime) -> Register:
    entries = tuple(_entries())
    return Register(
        stamp=stamp,
        entries=entries,
        untils=tuple(sorted(e.until for e in entries if e.until is not None)),
        own=_own(entries),
        claims=tuple(sorted(e.claim_until for e in entries if e.claim_until is not None)),
        told=tuple(told(at).order_by("ended_at").values_list("ended_at", flat=True)),
        first_end=min(_ends(entries), default=None),
        places=offers.places((e.pk, e.offer) for e in entries if e.state in Hold.OPEN),
        ended_count=ended(now).count(),
    )


def _own(entries: Iterable[Entry]) -> Mapping[int, Sequence[datetime]]:
    own: dict[int, list[datetime]] = {}
    for entry in entries:
        if entry.until is not None:
            insort(own.setdefault(entry.holder, []), entry.until)
    return own


def _ends(entries: Iterable[Entry]) -> Iterator[datetime]:
    """The ends that time alone will bring, as in ``HoldQuerySet.past_their_time``."""
    for entry in entries:
        end = entry.latest_end if entry.state == State.UNCONFIRMED else entry.until
        settled = entry.has_change and entry.state != State.UNCONFIRMED
        if end is not None and entry.claim_until is None and not settled:
            yield end


def _entries() -> Iterator[Entry]:
    """All of ``HoldQuerySet.on_board``. SQLite has an index for each half, none for both in one."""
    is_open, half_way = Q(state__in=Hold.OPEN), Q(change__isnull=False)
    found = _columns(is_open).union(_columns(half_way)).order_by("held_until", "id")
    for entry in found:
        yield Entry(*entry)


def _columns(which: Q) -> Any:
    has_change = ExpressionWrapper(Q(change__isnull=False), output_field=BooleanField())
    return Hold.objects.filter(which).values_list(
        "id",
        "version",
        "state",
        "holder",
        "held_until",
        "latest_end",
        "claim_until",
        has_change,
        "offer",
        "holder__username",
        "holder__first_name",
        "holder__last_name",
    )
