"""What exists at cal.com: people, keys, teams, working hours, event types, bookings, holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NO_LIMIT = 1_000_000  # of a key that names none


@dataclass(frozen=True, slots=True)
class User:
    id: int
    username: str
    time_zone: str

    @property
    def name(self) -> str:
        return self.username.capitalize()

    @property
    def email(self) -> str:
        return f"{self.username}@example.test"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key; ``limit`` is its calls a minute."""

    key: str
    user: int
    limit: int
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    id: int
    name: str
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Working hours on the weekdays given (Monday is 0), in a zone of its own."""

    users: tuple[int, ...]
    time_zone: str
    weekdays: tuple[int, ...]
    start: time
    end: time

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class EventType:
    """``length`` and ``options`` in minutes; ``owner`` is None for a team's type."""

    id: int
    title: str
    slug: str
    length: int
    owner: int | None = None
    team: int | None = None
    options: tuple[int, ...] = ()
    seats: int | None = None
    scheduling: str | None = None
    hosts: tuple[int, ...] = ()
    hidden: bool = False
    show_availability_count: bool = True

    @property
    def is_round_robin(self) -> bool:
        return self.scheduling == "roundRobin"

    @property
    def people(self) -> tuple[int, ...]:
        """Whose time it takes."""
        return self.hosts if self.owner is None else (self.owner,)


@dataclass(frozen=True, slots=True)
class Booking:
    """``attendees`` is how many there are; ``status`` as cal.com's answers write it."""

    uid: str
    event_type: int
    start: datetime
    end: datetime
    status: str = "accepted"
    attendees: int = 1

    @property
    def is_active(self) -> bool:
        return self.status in {"accepted", "pending", "awaiting_host"}


@dataclass(frozen=True, slots=True)
class Hold:
    """A row of cal.com's table of selected slots. ``release_at`` is its reservationUntil."""

    id: int
    uid: str
    event_type_id: int
    user_id: int
    start: datetime
    end: datetime
    release_at: datetime
    is_seat: bool

    def is_live(self, at: datetime) -> bool:
        return self.release_at > at


@dataclass(frozen=True)
class World:
    """The start of a stand-in's life. Holds come and go, see ``State``."""

    users: tuple[User, ...]
    keys: tuple[Key, ...]
    teams: tuple[Team, ...]
    schedules: tuple[Schedule, ...]
    event_types: tuple[EventType, ...]
    bookings: tuple[Booking, ...]

    @cached_property
    def user_by_id(self) -> dict[int, User]:
        return {user.id: user for user in self.users}

    @cached_property
    def user_by_name(self) -> dict[str, User]:
        return {user.username: user for user in self.users}

    @cached_property
    def key_by_text(self) -> dict[str, Key]:
        return {key.key: key for key in self.keys}

    def schedule_of(self, user: int) -> Schedule | None:
        return next((hours for hours in self.schedules if user in hours.users), None)

    def share_a_team(self, one: int, other: int) -> bool:
        return any({one, other} <= set(team.members) for team in self.teams)

    def is_member(self, user: int, team_id: int | None) -> bool:
        return any(team.id == team_id and user in team.members for team in self.teams)


def world_from(raw: dict[str, Any]) -> World:
    """A world from a dictionary of the shape that ``tests/wire/world.json`` has."""
    return World(
        users=tuple(User(user["id"], user["username"], user["timeZone"]) for user in raw["users"]),
        keys=tuple(_key(key) for key in raw["keys"]),
        teams=tuple(
            Team(team["id"], team["name"], tuple(team["members"])) for team in raw["teams"]
        ),
        schedules=tuple(_schedule(hours) for hours in raw["schedules"]),
        event_types=tuple(_event_type(kind) for kind in raw["eventTypes"]),
        bookings=bookings_from(raw["bookings"]),
    )


def recorded_world(path: Path) -> World:
    """The world in which the recorded conversations happened."""
    return world_from(json.loads(path.read_text(encoding="utf-8")))


def bookings_from(raw: Iterable[dict[str, Any]]) -> tuple[Booking, ...]:
    """Bookings from dictionaries with uid, eventType, start, end, status and attendees."""
    return tuple(
        Booking(
            uid=booking["uid"],
            event_type=booking["eventType"],
            start=datetime.fromisoformat(booking["start"]),
            end=datetime.fromisoformat(booking["end"]),
            status=booking.get("status", "accepted"),
            attendees=booking.get("attendees", 1),
        )
        for booking in raw
    )


def _key(raw: dict[str, Any]) -> Key:
    return Key(raw["key"], raw["user"], raw.get("limit", _NO_LIMIT), raw.get("expired", False))


def _schedule(raw: dict[str, Any]) -> Schedule:
    return Schedule(
        users=tuple(raw["users"]),
        time_zone=raw["timeZone"],
        weekdays=tuple(_DAYS.index(day) for day in raw["days"]),
        start=time.fromisoformat(raw["start"]),
        end=time.fromisoformat(raw["end"]),
    )


def _event_type(raw: dict[str, Any]) -> EventType:
    return EventType(
        id=raw["id"],
        title=raw["title"],
        slug=raw["slug"],
        length=raw["lengthInMinutes"],
        owner=raw.get("owner"),
        team=raw.get("team"),
        options=tuple(raw.get("lengthInMinutesOptions", ())),
        seats=raw.get("seatsPerTimeSlot"),
        scheduling=raw.get("schedulingType"),
        hosts=tuple(raw.get("hosts", ())),
    )
