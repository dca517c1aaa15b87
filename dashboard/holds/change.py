"""A change of a hold under way: where it is, what it began with, and what the register keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dashboard.calcom import CalcomError, Refused, Reservation
from dashboard.calcom_state import calcom_client
from dashboard.holds.hold_fields import LANDING
from dashboard.holds.slots import SlotHold, is_about, read_moment


class Phase(StrEnum):
    """The call that was sent last, or is about to be. Stored: never rename a value."""

    PLACING = "placing"  # POST of a new hold
    REPLACING = "replacing"  # POST of a reservation that takes the place of the present one
    REPLACED = "replaced"  # DELETE of the one that was replaced
    PATCHING = "patching"  # PATCH straight to the target
    PARKING = "parking"  # PATCH to the parking place
    ARRIVING = "arriving"  # PATCH from the parking place to the target
    UNDOING = "undoing"  # PATCH from the parking place back to the origin
    TURNED_AWAY = "turned_away"  # the way back from the parking place was refused
    DISCARDING = "discarding"  # DELETE of what a lost or expired hold left parked
    CHECKING = "checking"  # GET before a release
    DELETING = "deleting"  # DELETE of a released or replaced reservation
    RETAKING = "retaking"  # DELETE of what is to be asked for anew
    ASKING_AGAIN = "asking_again"  # POST after that DELETE


PATCHES = {Phase.PATCHING, Phase.PARKING, Phase.ARRIVING, Phase.UNDOING}
POSTS = {Phase.PLACING, Phase.REPLACING, Phase.ASKING_AGAIN}
LEAVING_PARKING = {Phase.ARRIVING, Phase.UNDOING, Phase.TURNED_AWAY}
NOT_JOURNALED = {*POSTS, Phase.REPLACED, Phase.CHECKING}


class Location(StrEnum):
    """Place where a GET found the reservation."""

    TARGET = "target"
    ORIGIN = "origin"
    PARKED = "parked"
    ELSEWHERE = "elsewhere"


def settled_by(cal_now: datetime) -> datetime:
    """Return when a call sent now can no longer land at cal.com, if that answers."""
    return cal_now + timedelta(seconds=calcom_client.CALL_SECONDS) + LANDING


class UnreadableChangeError(ValueError):
    """The register's change is none that this version can finish."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change under way. After ``settled_by`` its last write can no longer land.

    That moment, on cal.com's clock, is certain only once cal.com has answered a later call
    (``is_answered``): a server that stands still executes the write when it goes on.
    """

    verb: str
    phase: Phase
    origin: SlotHold
    target: SlotHold
    settled_by: datetime
    parked: datetime | None = None
    refused_as: str = ""  # cause for which the hold's own time was refused to it
    is_answered: bool = False
    # Of a release:
    end_reason: str = ""
    was_missing: bool = False  # the GET did not see it, and it is deleted all the same

    # What follows lives in memory only, as long as the verb runs.
    end_note: str = ""  # of a release
    minutes: int = 0  # that a POST asks for
    resumed: bool = False  # taken up from the register, so an earlier write may have landed
    refusal: Refused | None = field(default=None, compare=False)  # see ``refused``
    failure: CalcomError | None = field(default=None, compare=False)  # the last missing answer
    pauses: int = 0  # before calls that were sent again
    # Of an extend or move:
    parking_places: tuple[datetime, ...] = ()  # still to be tried; none where parking is unsafe
    shows_self_overlap: bool = False  # this cal.com counts a reservation as its own overlap
    shows_parked: bool = False  # a GET has found it parked, so reads are not behind that write

    def to_json(self) -> dict[str, Any]:
        """Return what the register keeps."""
        return {
            "verb": self.verb,
            "phase": self.phase,
            "origin": self.origin.to_json(),
            "target": self.target.to_json(),
            "settled_by": self.settled_by.isoformat(),
            "parked": self.parked.isoformat() if self.parked else None,
            "refused_as": self.refused_as,
            "is_answered": self.is_answered,
            "end_reason": self.end_reason,
            "was_missing": self.was_missing,
        }

    @classmethod
    def from_json(cls, data: Any) -> Change:
        """Read what the register keeps. Raises UnreadableChangeError, without quoting it."""
        try:
            parked = data["parked"]
            return cls(
                verb=str(data["verb"]),
                phase=Phase(data["phase"]),
                origin=SlotHold.from_json(data["origin"]),
                target=SlotHold.from_json(data["target"]),
                settled_by=read_moment(data["settled_by"]),
                refused_as=str(data.get("refused_as", "")),
                parked=None if parked is None else read_moment(parked),
                is_answered=data.get("is_answered") is True,
                end_reason=str(data.get("end_reason", "")),
                was_missing=data.get("was_missing") is True,
                resumed=True,
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise UnreadableChangeError from None

    @property
    def unanswered_since(self) -> datetime:
        """Return since when there was no answer to the last write."""
        return self.settled_by - LANDING

    def given_up(self, cal_now: datetime) -> Change:
        """Return the change after a write that brought no answer until now."""
        return replace(self, settled_by=cal_now + LANDING, is_answered=False)

    def answered(self, cal_now: datetime) -> Change:
        """Return the change after an answer to another call: from the first one time counts."""
        ahead = self.unanswered_since - cal_now  # by more than a call lasts: a clock was wrong
        if self.is_answered or timedelta() < ahead <= timedelta(seconds=calcom_client.CALL_SECONDS):
            return self
        return replace(self, settled_by=cal_now + LANDING, is_answered=True)

    def has_landed(self, cal_now: datetime) -> bool:
        """Return whether no earlier write can be done any more."""
        return self.is_answered and cal_now >= self.settled_by

    def overlaps_itself(self, cal_now: datetime) -> bool:
        """Return whether a PATCH to the target may meet the hold's own row."""
        return self.target.overlaps(self.origin) and self.origin.held_until > cal_now

    def keeps_slot(self, cal_now: datetime) -> bool:
        """Return whether the target is the slot that the live hold has."""
        return self.target.is_slot_of(self.origin) and self.origin.held_until > cal_now

    def parking_slot(self) -> SlotHold:
        """Return the parking place, held for no shorter than what the hold still has."""
        start = self.parked or self.origin.slot_start
        return replace(
            self.origin,
            slot_start=start,
            slot_end=start + self.origin.length,
            held_until=self.last_end() + timedelta(minutes=1),
        )

    def parked_next(self) -> Change:
        """Return the change about to park at the next place. Raises IndexError without one."""
        return replace(
            self,
            phase=Phase.PARKING,
            parked=self.parking_places[0],
            parking_places=self.parking_places[1:],
        )

    def last_end(self) -> datetime:
        """Return the later end of origin and target: until then the hold is worth saving."""
        return max(self.origin.held_until, self.target.held_until)

    def locate(self, reservation: Reservation) -> Location:
        """Tell from a GET where the reservation is."""
        if self.parked is not None and reservation.slot_start == self.parked:
            return Location.PARKED
        at_target, at_origin = self.target.is_at(reservation), self.origin.is_at(reservation)
        if at_target and at_origin:  # extended, or only the length changed
            if self.target.slot_end != self.origin.slot_end:
                at_target = reservation.slot_end == self.target.slot_end
            else:
                at_target = not is_about(self.origin.held_until, reservation.reservation_until)
        if at_target:
            return Location.TARGET
        return Location.ORIGIN if at_origin else Location.ELSEWHERE

    def is_outdated(self, found: Reservation) -> bool:
        """Return whether a GET after this run's parking shows the hold as it was before."""
        has_parked = self.phase in LEAVING_PARKING and not self.resumed
        as_before = self.origin.is_at(found) and found.reservation_until == self.origin.held_until
        return has_parked and as_before

    def refused(self, refusal: Refused) -> Change:
        """Return the change after the hold's own time was refused to it, or its target."""
        return replace(self, refusal=refusal, refused_as=str(refusal.cause))

    def turned_away(self, refusal: Refused) -> Change:
        """Return the change after a refused way out of parking: a move has its origin left."""
        has_origin_left = self.verb == "move" and self.phase is Phase.ARRIVING
        phase = Phase.UNDOING if has_origin_left else Phase.TURNED_AWAY
        return replace(self.refused(refusal), phase=phase, failure=None)
