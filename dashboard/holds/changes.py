"""A change under way at cal.com, written down before each of its calls.

It says where the reservation was, where it shall be, where it may be parked between, and which
call was sent last. With it and one GET any process can tell what came of the change and finish it.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from dashboard.calcom import Reservation
from dashboard.holds.models import Hold


class Phase(StrEnum):
    """Which call was sent last, or is about to be."""

    PATCHING = "patching"  # straight to the target
    PARKING = "parking"  # to the parking place
    ARRIVING = "arriving"  # from the parking place to the target
    UNDOING = "undoing"  # from the parking place back to the origin
    TURNED_AWAY = "turned_away"  # the way back from the parking place was refused
    DISCARDING = "discarding"  # lost: the parked reservation is being deleted
    DELETING = "deleting"  # released, or replaced by another
    RETAKING = "retaking"  # deleted, and asked for anew


class UnreadableChangeError(ValueError):
    """What is written down is no change that this version knows how to finish."""


class Where(StrEnum):
    """Where a GET finds the reservation."""

    NOWHERE = "nowhere"
    TARGET = "target"
    ORIGIN = "origin"
    PARKED = "parked"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Spot:
    """A slot and until when it is held. ``slot_duration`` only where several are offered."""

    event_type_id: int
    slot_start: datetime
    slot_end: datetime
    slot_duration: int | None
    until: datetime

    @classmethod
    def of(cls, hold: Hold) -> Spot:
        """Where the hold is by our register. Raises ValueError for one without a reservation."""
        if hold.slot_end is None or hold.held_until is None:
            raise ValueError("a hold that was never confirmed has no spot")
        return cls(
            hold.event_type_id, hold.slot_start, hold.slot_end, hold.slot_duration, hold.held_until
        )

    def overlaps(self, other: Spot) -> bool:
        """Whether cal.com would count the two as one time.

        Half-open, but for a zero-length slot, which cal.com also lets block the slot that
        merely ends where it stands.
        """
        if self.slot_start == self.slot_end or other.slot_start == other.slot_end:
            return self.slot_start <= other.slot_end and self.slot_end >= other.slot_start
        return self.slot_start < other.slot_end and self.slot_end > other.slot_start

    def holds(self, reservation: Reservation) -> bool:
        """Whether the reservation is at this slot."""
        return (
            reservation.event_type_id == self.event_type_id
            and reservation.slot_start == self.slot_start
        )


@dataclass(frozen=True, slots=True)
class Change:
    """See above. ``settled_by``: after it the last write can no longer land at cal.com."""

    verb: str
    phase: Phase
    origin: Spot
    target: Spot
    settled_by: datetime
    parked: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "verb": self.verb,
            "phase": self.phase,
            "origin": _spot_to_json(self.origin),
            "target": _spot_to_json(self.target),
            "settled_by": self.settled_by.isoformat(),
            "parked": self.parked.isoformat() if self.parked else None,
        }

    @classmethod
    def from_json(cls, data: Any) -> Change:
        """Another version, or a hand, may have written it. Raises UnreadableChangeError."""
        try:
            parked = data["parked"]
            return cls(
                verb=str(data["verb"]),
                phase=Phase(data["phase"]),
                origin=_spot_from_json(data["origin"]),
                target=_spot_from_json(data["target"]),
                settled_by=_moment(data["settled_by"]),
                parked=None if parked is None else _moment(parked),
            )
        except (KeyError, TypeError, ValueError):
            raise UnreadableChangeError from None  # its words would quote what is written there

    def turned_away(self) -> Change:
        """After a refused write. Out of parking a move has its origin left to try.

        What has no other way is only looked at again, before it is given up; and what was not on
        its way out of parking is tried again.
        """
        if self.phase not in (Phase.ARRIVING, Phase.UNDOING):
            return self
        has_origin_left = self.verb == "move" and self.phase is not Phase.UNDOING
        return replace(self, phase=Phase.UNDOING if has_origin_left else Phase.TURNED_AWAY)

    def find(self, reservation: Reservation | None) -> Where:
        """Where the reservation is, told from an answer to GET.

        Extending in place does not move it: there the new end is what tells.
        """
        if reservation is None:
            return Where.NOWHERE
        if self.parked is not None and reservation.slot_start == self.parked:
            return Where.PARKED
        if self.target.holds(reservation) and self.origin.holds(reservation):
            return self._tell_apart(reservation)
        if self.target.holds(reservation):
            return Where.TARGET
        return Where.ORIGIN if self.origin.holds(reservation) else Where.ELSEWHERE

    def _tell_apart(self, reservation: Reservation) -> Where:
        """Same start before and after: the length tells, and where that is the same, the end."""
        if self.target.slot_end != self.origin.slot_end:
            at_target = reservation.slot_end == self.target.slot_end
        else:
            at_target = not is_about(self.origin.until, reservation.reservation_until)
        return Where.TARGET if at_target else Where.ORIGIN


def is_about(one: datetime | None, other: datetime) -> bool:
    """Whether they are one moment, though answers may tell it more or less precisely."""
    return one is not None and abs(one - other) < timedelta(seconds=1)


def minutes_until(until: datetime, at: datetime) -> int:
    """Whole minutes from ``at`` that reach ``until``, at least one."""
    return max(1, math.ceil((until - at).total_seconds() / 60))


def parking_place(at: datetime, *, ahead: bool) -> datetime:
    """A random second of its own, years away, which overlaps nothing that anybody books.

    Behind us first, as cal.com takes past times; far ahead when that was refused.
    """
    years = timedelta(days=365 * 4)
    spread = timedelta(seconds=secrets.randbelow(5 * 365 * 86_400))
    moment = at + years + spread if ahead else at - years - spread
    return moment.astimezone(UTC).replace(microsecond=0)


def _spot_to_json(spot: Spot) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(spot).items()}


def _spot_from_json(data: dict[str, Any]) -> Spot:
    length = data["slot_duration"]
    return Spot(
        event_type_id=_whole(data["event_type_id"]),
        slot_start=_moment(data["slot_start"]),
        slot_end=_moment(data["slot_end"]),
        slot_duration=None if length is None else _whole(length),
        until=_moment(data["until"]),
    )


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise TypeError
    return number


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment
