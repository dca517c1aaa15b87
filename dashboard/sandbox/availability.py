"""Free times of a host from working hours and bookings.

A span is a pair of aware moments in UTC, its end excluded; lists of spans are sorted and disjoint.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from dashboard.sandbox.fixtures import Schedule

Span = tuple[datetime, datetime]

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
GRIDS = (60, 30, 20, 15, 10, 5)  # minutes


def working_hours(schedule: Schedule, start: datetime, end: datetime) -> list[Span]:
    """Return the hours of a schedule between two moments; they follow the clocks of its zone."""
    zone = schedule.zone
    day = (start - DAY).astimezone(zone).date()
    last = (end + DAY).astimezone(zone).date()
    found = []
    while day <= last:
        if day.weekday() in schedule.weekdays:
            opens = datetime.combine(day, schedule.start, zone).astimezone(UTC)
            closes = datetime.combine(day, schedule.end, zone).astimezone(UTC)
            found.append((max(opens, start), min(closes, end)))
        day += DAY
    return [(opens, closes) for opens, closes in found if opens < closes]


def subtract(spans: Iterable[Span], busy: Iterable[Span]) -> list[Span]:
    """Return what is left of spans without the busy ones."""
    left = list(spans)
    for taken_from, taken_to in busy:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, taken_from)), (max(start, taken_to), end))
            if piece[0] < piece[1]
        ]
    return left


def union(groups: Iterable[list[Span]]) -> list[Span]:
    """Return when at least one of the groups is free."""
    merged: list[Span] = []
    for start, end in sorted(span for group in groups for span in group):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def intersection(groups: list[list[Span]]) -> list[Span]:
    """Return when all of the groups are free."""
    common = groups[0] if groups else []
    for group in groups[1:]:
        common = subtract(common, subtract(common, group))
    return common


def slot_starts(spans: Iterable[Span], minutes: int, zone: tzinfo) -> list[datetime]:
    """Return the starts of slots of so many minutes, one at least, on the grid of a zone's hours.

    https://github.com/calcom/cal.diy/blob/main/packages/features/schedules/lib/slots.ts
    """
    minutes = max(minutes, 1)
    length = timedelta(minutes=minutes)
    grid = next((size for size in GRIDS if minutes % size == 0), 1)
    found = []
    for start, end in spans:
        to_grid = -start.astimezone(zone).minute % grid
        moment = start.replace(second=0, microsecond=0) + to_grid * MINUTE
        while moment + length - SECOND <= end:
            found.append(moment)
            moment += length
    return found
