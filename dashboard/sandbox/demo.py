"""The world to try and to train in: the recorded one with life around it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboard.sandbox.fixtures import Booking, EventType, Key, Schedule, Team, User, World

_ZONE = "Europe/Rome"
_DAYS_AHEAD = 28

# Weekday (Monday is 0), hour, event type, minutes, attendees: a week that repeats, so that a
# restart on another day finds the same bookings where it left them.
_WEEK = (
    (0, 10, 1, 60, 1),
    (0, 15, 3, 60, 2),
    (1, 9, 2, 45, 1),
    (1, 14, 1, 60, 1),
    (2, 11, 3, 60, 5),
    (2, 16, 4, 30, 1),
    (3, 10, 2, 180, 1),
    (3, 15, 3, 60, 4),
    (4, 9, 1, 60, 1),
    (4, 12, 20, 60, 1),
)


def demo_world(today: date) -> World:
    """Four weeks of bookings from the day given; every kind of event type."""
    return World(
        users=tuple(
            User(number, name, _ZONE)
            for number, name in enumerate(("owner", "mate", "stranger"), 1)
        ),
        keys=(
            Key("cal_owner0123456789", 1, 120),
            Key("cal_ownerfast0123456789", 1, 1_000_000),
            Key("cal_mate0123456789", 2, 1_000_000),
            Key("cal_stranger0123456789", 3, 1_000_000),
            Key("cal_expired0123456789", 1, 1_000_000, expired=True),
        ),
        teams=(Team(1, "Studio", (1, 2)), Team(2, "Empty", ())),
        schedules=(Schedule((1, 2, 3), _ZONE, (0, 1, 2, 3, 4), time(9), time(17)),),
        event_types=_event_types(),
        bookings=_recorded_bookings() + _bookings(today),
    )


def _event_types() -> tuple[EventType, ...]:
    return (
        EventType(1, "Consult 60", "consult-60", 60, owner=1),
        EventType(2, "Variable", "variable", 30, owner=1, options=(15, 30, 45, 60, 180)),
        EventType(3, "Group", "group", 60, owner=1, seats=5),
        EventType(4, "Short 30", "short-30", 30, owner=1),
        EventType(5, "Stranger 60", "stranger-60", 60, owner=3),
        EventType(20, "Studio RR", "studio-rr", 60, team=1, scheduling="roundRobin", hosts=(1, 2)),
        EventType(21, "No hosts", "no-hosts", 60, team=2, scheduling="roundRobin"),
        EventType(
            22,
            "Studio collective",
            "studio-coll",
            60,
            team=1,
            scheduling="collective",
            hosts=(1, 2),
        ),
    )


def _recorded_bookings() -> tuple[Booking, ...]:
    nine, one = datetime(2027, 1, 13, 9, tzinfo=UTC), datetime(2027, 1, 13, 13, tzinfo=UTC)
    hour = timedelta(hours=1)
    return (
        Booking("bk-fixed-1", 1, nine, nine + hour),
        Booking("bk-seat-1", 3, one, one + hour, attendees=5),
    )


def _bookings(today: date) -> tuple[Booking, ...]:
    days = (today + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD))
    return tuple(
        _booking(day, hour, event_type, minutes, attendees)
        for day in days
        for weekday, hour, event_type, minutes, attendees in _WEEK
        if day.weekday() == weekday
    )


def _booking(day: date, hour: int, event_type: int, minutes: int, attendees: int) -> Booking:
    start = datetime.combine(day, time(hour), ZoneInfo(_ZONE)).astimezone(UTC)
    end = start + timedelta(minutes=minutes)
    return Booking(f"demo-{day}-{hour:02}", event_type, start, end, attendees=attendees)
