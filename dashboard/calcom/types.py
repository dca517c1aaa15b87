"""What cal.com's answers mean, as frozen values.

Moments are aware and in UTC, durations in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Kind(StrEnum):
    """How an event type spreads its time over people."""

    INDIVIDUAL = "individual"
    SEATED = "seated"
    ROUND_ROBIN = "roundRobin"
    COLLECTIVE = "collective"
    MANAGED = "managed"
    OTHER = "other"  # a scheduling type that we do not know


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation: cal.com keeps a slot from others until ``reservation_until``.

    ``reservation_duration`` is None in the answer to a GET, which does not carry it.
    """

    event_type_id: int
    slot_start: datetime
    slot_end: datetime
    slot_duration: int
    reservation_until: datetime
    reservation_duration: int | None
    reservation_uid: str = field(repr=False)  # whoever knows it can change or delete it


@dataclass(frozen=True, slots=True)
class EventType:
    """What can be booked."""

    id: int
    title: str
    slug: str
    kind: Kind
    length_in_minutes: int
    length_options: tuple[int, ...]  # empty where the length is fixed
    seats_per_time_slot: int | None  # None where not seated
    hidden: bool
    owners: tuple[str, ...]  # names of its users or hosts


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that cal.com lists. A full seated one is listed too, with no seats remaining."""

    start: datetime
    end: datetime | None
    seats_total: int | None = None
    seats_remaining: int | None = None

    @property
    def is_free(self) -> bool:
        """Whether somebody can still take it."""
        return self.seats_remaining is None or self.seats_remaining > 0


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate headers of an answer: a bucket per key, of one minute at cal.com."""

    limit: int
    remaining: int
    resets_in: int  # seconds


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as the audit may see it: no uid, no key, no body."""

    method: str
    path: str  # a template: /v2/slots/reservations/{uid}
    sent_at: datetime  # our clock
    received_at: datetime  # our clock
    milliseconds: int
    status: int | None = None  # None where no status line came
    request_id: str = ""
    server_date: datetime | None = None  # cal.com's clock, whole seconds
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A good answer and the exchange that brought it."""

    value: T
    exchange: Exchange
