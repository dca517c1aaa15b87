"""Free times from working hours and bookings, as stretches of time.

A stretch is a pair of aware moments in UTC, its end excluded; lists of them are sorted and apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from dashboard.sandbox.fixtures import Schedule

Stretch = tuple[datetime, datetime]

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_GRIDS = (60, 30, 20, 15, 10, 5)


def working_hours(schedule: Schedule, start: datetime, end: datetime) -> list[Stretch]:
    """The schedule between two moments: wall-clock hours, so UTC moves with daylight saving."""
    zone = schedule.zone
    day = (start - _DAY).astimezone(zone).date()
    last = (end + _DAY).astimezone(zone).date()
    found = []
    while day <= last:
        if day.weekday() in schedule.weekdays:
            opens = datetime.combine(day, schedule.start, zone).astimezone(UTC)
            closes = datetime.combine(day, schedule.end, zone).astimezone(UTC)
            found.append((max(opens, start), min(closes, end)))
        day += _DAY
    return [(opens, closes) for opens, closes in found if opens < closes]


def without(stretches: Iterable[Stretch], busy: Iterable[Stretch]) -> list[Stretch]:
    """What is left when the busy ones are cut out."""
    left = list(stretches)
    for taken_from, taken_to in busy:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, taken_from)), (max(start, taken_to), end))
            if piece[0] < piece[1]
        ]
    return left


def either(groups: Iterable[list[Stretch]]) -> list[Stretch]:
    """When at least one of them has time."""
    merged: list[Stretch] = []
    for start, end in sorted(stretch for group in groups for stretch in group):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def all_of(groups: Iterable[list[Stretch]]) -> list[Stretch]:
    """When every one of them has time."""
    common: list[Stretch] | None = None
    for group in groups:
        common = group if common is None else _shared(common, group)
    return common or []


def times(stretches: Iterable[Stretch], minutes: int, zone: tzinfo) -> list[datetime]:
    """Starts of slots of so many minutes, on the hour's grid of the zone.

    https://github.com/calcom/cal.diy/blob/main/packages/features/schedules/lib/slots.ts
    """
    step = timedelta(minutes=minutes)
    grid = next((size for size in _GRIDS if minutes % size == 0), 1)
    found = []
    for start, end in stretches:
        moment = _on_grid(start.astimezone(zone), grid).astimezone(UTC)
        while moment + step - _SECOND <= end:
            found.append(moment)
            moment += step
    return found


def _shared(one: list[Stretch], other: list[Stretch]) -> list[Stretch]:
    pairs = ((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other)
    return [(start, end) for start, end in pairs if start < end]


def _on_grid(moment: datetime, grid: int) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    since = (moment - hour) / timedelta(minutes=1)
    return hour + timedelta(minutes=math.ceil(since / grid) * grid)
