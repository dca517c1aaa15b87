"""Slots and until when they are held: values shared by verbs, state machine and pages."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.calcom import Reservation

INSTANT = timedelta(seconds=1)  # stands for a length that is not known


@dataclass(frozen=True, slots=True)
class SlotHold:
    """A slot and until when it is held, converted to UTC.

    ``slot_duration`` is in minutes and set only where the event type offers several lengths.
    ``held_until`` is on cal.com's clock.
    """

    event_type_id: int
    slot_start: datetime
    slot_end: datetime
    slot_duration: int | None
    held_until: datetime

    def __post_init__(self) -> None:
        for name in ("slot_start", "slot_end", "held_until"):
            object.__setattr__(self, name, getattr(self, name).astimezone(UTC))

    @property
    def later_end(self) -> datetime:
        """Return the end, after the start also where the length is not known."""
        return max(self.slot_end, self.slot_start + INSTANT)

    @property
    def length(self) -> timedelta:
        return self.slot_end - self.slot_start

    def overlaps(self, other: SlotHold) -> bool:
        """Return whether cal.com would count the two as one time.

        Half-open, except for a zero-length slot, which at cal.com also blocks the slot that
        merely ends where it stands.
        """
        if self.slot_start == self.slot_end or other.slot_start == other.slot_end:
            return self.slot_start <= other.slot_end and self.slot_end >= other.slot_start
        return self.slot_start < other.slot_end and self.slot_end > other.slot_start

    def is_slot_of(self, other: SlotHold) -> bool:
        """Return whether the two differ in nothing but their end."""
        return replace(self, held_until=other.held_until) == other

    def is_at(self, reservation: Reservation) -> bool:
        """Return whether the reservation has this event type and this start."""
        return (
            reservation.event_type_id == self.event_type_id
            and reservation.slot_start == self.slot_start
        )

    def to_json(self) -> dict[str, Any]:
        """Return the slot for the register's ``change`` column."""
        return {
            "event_type_id": self.event_type_id,
            "slot_start": self.slot_start.isoformat(),
            "slot_end": self.slot_end.isoformat(),
            "slot_duration": self.slot_duration,
            "until": self.held_until.isoformat(),
        }

    @classmethod
    def of(cls, found: Reservation) -> SlotHold:
        """Return the slot of a reservation, of which a length offered is not known as such."""
        slot = (found.event_type_id, found.slot_start, found.slot_end)
        return cls(*slot, None, found.reservation_until)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SlotHold:
        """Read ``to_json``. Raises KeyError, TypeError or ValueError for anything else."""
        length = data["slot_duration"]
        return cls(
            event_type_id=read_integer(data["event_type_id"]),
            slot_start=read_moment(data["slot_start"]),
            slot_end=read_moment(data["slot_end"]),
            slot_duration=None if length is None else read_integer(length),
            held_until=read_moment(data["until"]),
        )


def is_about(one: datetime | None, other: datetime) -> bool:
    """Return whether both are one moment, since answers differ in precision."""
    return one is not None and abs(one - other) < timedelta(seconds=1)


def minutes_until(end: datetime, cal_now: datetime) -> int:
    """Return the whole minutes from ``cal_now`` that reach ``end``, at least one."""
    return max(1, math.ceil((end - cal_now).total_seconds() / 60))


def parking_places(cal_now: datetime) -> tuple[datetime, datetime]:
    """Return two random seconds, years away, that overlap nothing anyone books.

    The past one first, since cal.com accepts past times; the future one if that is refused.
    """
    years = timedelta(days=365 * 4)
    start = cal_now.astimezone(UTC).replace(microsecond=0)
    return start - years - _random_seconds(), start + years + _random_seconds()


def _random_seconds() -> timedelta:
    return timedelta(seconds=secrets.randbelow(5 * 365 * 86_400))


def read_integer(value: Any) -> int:
    """Return the value if it is an integer. Raises TypeError."""
    if type(value) is not int:
        raise TypeError
    return value


def read_moment(text: Any) -> datetime:
    """Return the aware moment of an ISO 8601 text. Raises TypeError, ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError from None
