"""A week in the future, and the days of its year when clocks change.

It is the second week of next January: still ahead when a run passes midnight, with each zone at its
offset of January, and a whole number of weeks after the recorded week.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from dashboard.sandbox import World
from tests.sandbox.replay import world as recorded_world

# Pages name the year of a day in another year: here always, also if the run passes New Year.
YEAR = (datetime.now(UTC) + timedelta(days=1)).year + 1
RECORDED_MONDAY = date(2027, 1, 11)


def day(number: int) -> date:
    """Return a day of the week, from Monday, which is 0."""
    middle = date(YEAR, 1, 14)
    return middle - timedelta(days=middle.weekday() - number)


def named(number: int) -> str:
    """Return the day as pages show it: Mon 11 Jan 2027."""
    return f"{day(number):%a} {day(number).day} {day(number):%b} {YEAR}"


def sunday(month: int, latest: int) -> date:
    """Return the last Sunday of a month up to a day of it; clocks change on Sundays."""
    last = date(YEAR, month, latest)
    return last - timedelta(days=last.isoweekday() % 7)


FORWARD = sunday(3, 31)  # in Europe at 01:00 UTC
BACK = sunday(10, 31)  # the same
BACK_IN_AMERICA = sunday(11, 7)  # at 02:00 of each zone


def world() -> World:
    """Return the recorded world with its two bookings on this week's Wednesday."""
    recorded, later = recorded_world(), day(0) - RECORDED_MONDAY
    bookings = (
        replace(booking, start=booking.start + later, end=booking.end + later)
        for booking in recorded.bookings
    )
    return replace(recorded, bookings=tuple(bookings))
