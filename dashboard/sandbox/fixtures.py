"""Objects at cal.com: users, keys, teams, working hours, event types, bookings, reservations."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.sandbox.dates import format_date

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DEFAULT_MINUTES = 5  # of a reservation
NO_LIMIT = 1_000_000  # calls a minute of a key without a limit of its own
DEMO_DAYS = 28
DEMO_ZONE = ZoneInfo("Europe/Rome")


@dataclass(frozen=True, slots=True)
class User:
    id: int
    username: str
    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """An API key; ``limit`` in calls a minute."""

    key: str
    user: int
    limit: int = NO_LIMIT
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    id: int
    members: tuple[int, ...]
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """Working hours of users on weekdays (Monday is 0), by the clocks of a zone."""

    users: tuple[int, ...]
    zone: ZoneInfo
    weekdays: tuple[int, ...]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type of a user (``owner``) or of a team; ``length`` and ``options`` in minutes."""

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
        """Return the users whose time it takes."""
        return self.hosts if self.owner is None else (self.owner,)

    def end_of(self, start: datetime, minutes: int | None = None) -> datetime:
        """Return the end of a slot. Raises OverflowError beyond the calendar."""
        return start + timedelta(minutes=self.length if minutes is None else minutes)


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking with so many ``attendees``; ``status`` as in cal.com's answers."""

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
class Reservation:
    """A row of cal.com's table of selected slots; ``release_at`` is its reservationUntil."""

    id: int
    uid: str
    event_type_id: int
    user_id: int
    start: datetime
    end: datetime
    release_at: datetime
    is_seat: bool

    @property
    def minutes(self) -> int:
        return (self.end - self.start) // timedelta(minutes=1)

    def is_live(self, at: datetime) -> bool:
        return self.release_at > at


@dataclass(frozen=True)
class World:
    """All that exists when a sandbox starts; there are no reservations by then."""

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
    def key_by_text(self) -> dict[str, Key]:
        return {key.key: key for key in self.keys}

    def schedule_of(self, user: int) -> Schedule | None:
        return next((schedule for schedule in self.schedules if user in schedule.users), None)

    def share_a_team(self, one: int, other: int) -> bool:
        return any({one, other} <= set(team.members) for team in self.teams)

    def is_member(self, user: int, team_id: int | None) -> bool:
        return any(team.id == team_id and user in team.members for team in self.teams)


def read_world(path: Path) -> World:
    """Return the world that a JSON file of the form of ``world.json`` describes."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    return World(
        users=tuple(map(read_user, raw["users"])),
        keys=tuple(Key(**each) for each in raw["keys"]),
        teams=tuple(map(read_team, raw["teams"])),
        schedules=tuple(map(read_schedule, raw["schedules"])),
        event_types=tuple(map(read_event_type, raw["eventTypes"])),
        bookings=tuple(map(read_booking, raw["bookings"])),
    )


def read_user(raw: dict[str, Any]) -> User:
    name = raw.get("name") or raw["username"].capitalize()
    return User(raw["id"], raw["username"], name)


def read_team(raw: dict[str, Any]) -> Team:
    slug = raw.get("slug", raw["name"].lower())
    return Team(raw["id"], tuple(raw["members"]), raw["name"], slug)


def read_schedule(raw: dict[str, Any]) -> Schedule:
    weekdays = tuple(map(DAYS.index, raw["days"]))
    start, end = time.fromisoformat(raw["start"]), time.fromisoformat(raw["end"])
    return Schedule(tuple(raw["users"]), ZoneInfo(raw["timeZone"]), weekdays, start, end)


def read_event_type(raw: dict[str, Any]) -> EventType:
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
        hidden=raw.get("hidden", False),
    )


def read_booking(raw: dict[str, Any]) -> Booking:
    start, end = datetime.fromisoformat(raw["start"]), datetime.fromisoformat(raw["end"])
    status, attendees = raw.get("status", "accepted"), raw.get("attendees", 1)
    return Booking(raw["uid"], raw["eventType"], start, end, status, attendees)


def write_booking(booking: Booking) -> dict[str, Any]:
    return {
        "uid": booking.uid,
        "eventType": booking.event_type,
        "start": format_date(booking.start),
        "end": format_date(booking.end),
        "status": booking.status,
        "attendees": booking.attendees,
    }


def read_reservation(raw: dict[str, Any]) -> Reservation:
    return Reservation(
        id=raw["id"],
        uid=raw["uid"],
        event_type_id=raw["eventTypeId"],
        user_id=raw["userId"],
        start=datetime.fromisoformat(raw["start"]),
        end=datetime.fromisoformat(raw["end"]),
        release_at=datetime.fromisoformat(raw["releaseAt"]),
        is_seat=raw["isSeat"],
    )


def write_reservation(row: Reservation) -> dict[str, Any]:
    return {
        "id": row.id,
        "uid": row.uid,
        "eventTypeId": row.event_type_id,
        "userId": row.user_id,
        "start": row.start.isoformat(),
        "end": row.end.isoformat(),
        "releaseAt": row.release_at.isoformat(),
        "isSeat": row.is_seat,
    }


def demo_world(today: date) -> World:
    """Return the world of the demo: that of the recordings and a practice, booked from a day on."""
    folder = Path(__file__).parent
    world, practice = read_world(folder / "world.json"), read_world(folder / "practice.json")
    week = json.loads((folder / "week.json").read_text(encoding="utf-8"))
    return World(
        users=world.users + practice.users,
        keys=world.keys,
        teams=world.teams + practice.teams,
        schedules=world.schedules + practice.schedules,
        event_types=world.event_types + practice.event_types,
        bookings=world.bookings + tuple(demo_bookings(today, week)),
    )


def demo_bookings(today: date, week: list[dict[str, Any]]) -> Iterator[Booking]:
    """Yield the bookings of a week, the same every week: a restart on another day finds them."""
    for day in (today + timedelta(days=ahead) for ahead in range(DEMO_DAYS)):
        for each in week:
            if DAYS[day.weekday()] == each["day"]:
                start = datetime.combine(day, time(each["hour"]), DEMO_ZONE).astimezone(UTC)
                end = start + timedelta(minutes=each["minutes"])
                uid = f"demo-{day}-{each['hour']:02}"
                yield Booking(uid, each["eventType"], start, end, attendees=each["attendees"])
