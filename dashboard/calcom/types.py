"""Values of cal.com's answers, frozen. Moments are aware and in UTC, durations in minutes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

# cal.com's integers have four bytes: to a larger one it answers 500.
LARGEST_INTEGER = 2**31 - 1


class EventTypeKind(StrEnum):
    """Distribution of an event type's time over people."""

    INDIVIDUAL = "individual"
    SEATED = "seated"
    ROUND_ROBIN = "roundRobin"
    COLLECTIVE = "collective"
    MANAGED = "managed"
    OTHER = "other"  # an unknown scheduling type


@dataclass(frozen=True, slots=True)
class Reservation:
    """A slot that cal.com keeps from others until ``reservation_until``."""

    event_type_id: int
    slot_start: datetime
    slot_end: datetime
    slot_duration: int
    reservation_until: datetime
    reservation_duration: int | None  # None from a GET, which does not carry it
    reservation_uid: str = field(repr=False)  # enough to change or delete it


@dataclass(frozen=True, slots=True)
class Host:
    """A person whose time an event type takes; what cal.com does not tell is None or ""."""

    id: int | None
    name: str
    username: str
    is_fixed: bool = False  # needed by every meeting of a round robin event type


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of appointment that can be booked, of a person or of a team."""

    id: int
    title: str
    slug: str
    kind: EventTypeKind
    length_in_minutes: int
    length_options: tuple[int, ...]  # empty where the length is fixed
    seats_per_time_slot: int | None  # None where not seated
    hidden: bool
    hosts: tuple[Host, ...]  # its users, or the hosts of a team's
    team_id: int | None = None  # None for a person's own

    @property
    def fixed_hosts(self) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.is_fixed)


@dataclass(frozen=True, slots=True)
class Team:
    """A team that the key's owner is a member of."""

    id: int
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that cal.com lists. A full seated one is listed too, with no seats remaining.

    Seats are None where the event type is not seated, or where their numbers contradict.
    """

    start: datetime
    end: datetime | None
    seats_total: int | None = None
    seats_remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """List from cal.com without its unreadable entries, which are only counted."""

    entries: tuple[T, ...]
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """Rate headers of an answer: a bucket per key, of one minute at cal.com."""

    limit: int
    remaining: int
    resets_in: int  # seconds


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as the audit may see it: no uid, no key, no body."""

    method: str
    path: str  # a template: /v2/slots/reservations/{uid}
    sent_at: datetime  # by this machine's clock, as received_at
    received_at: datetime
    milliseconds: int
    status: int | None = None  # None where no status line came
    request_id: str = ""
    server_date: datetime | None = None  # by cal.com's clock, whole seconds
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A good answer and the exchange that brought it."""

    value: T
    exchange: Exchange
