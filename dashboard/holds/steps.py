"""The steps that ``transitions.next_step`` returns for ``runner`` to perform."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from dashboard.audit.trail import Outcome
from dashboard.calcom import CalcomError, Refused, Reservation, Unavailable
from dashboard.holds.change import Change
from dashboard.holds.hold_fields import Fields
from dashboard.holds.seen import Begin, Look
from dashboard.holds.slots import SlotHold

# More POSTs of a retake, which may be refused for the time that was just deleted.
RETAKE_TRIES = 3
FIRST_PAUSE = 0.25  # seconds before a call is sent again; doubled each time


@dataclass(frozen=True, slots=True)
class Patch:
    """PATCH to ``slot``. ``fields`` are columns of the hold to commit first, here and below."""

    change: Change
    slot: SlotHold
    fields: Fields


@dataclass(frozen=True, slots=True)
class Post:
    """POST the target."""

    change: Change
    fields: Fields


@dataclass(frozen=True, slots=True)
class Get:
    change: Change


@dataclass(frozen=True, slots=True)
class Ask:
    """Find out whether cal.com answers, with a call that is about no reservation."""

    change: Change


@dataclass(frozen=True, slots=True)
class Delete:
    change: Change
    fields: Fields


@dataclass(frozen=True, slots=True)
class Swap:
    """Give the hold the new reservation and the stand-in the old one, then DELETE the old one."""

    change: Change
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause so many seconds, then go on with ``then``."""

    change: Change
    seconds: float
    then: Begin | Look


def wait(change: Change, error: CalcomError | None, *, then: Begin | Look) -> Wait:
    """Pause before the next try: longer each time, and no shorter than cal.com asks for."""
    pause = FIRST_PAUSE * 2**change.pauses
    asked = (error.retry_after if error else None) or 0
    return Wait(replace(change, pauses=change.pauses + 1), max(pause, asked), then)


class Result(StrEnum):
    """End of a run for the hold, for the words to show."""

    STANDS = "stands"  # as cal.com last said
    UNCHANGED = "unchanged"  # refused or not done, and nothing was given up
    WENT_BACK = "went_back"  # the target was refused, and the hold is back at its origin
    RETAKE_NEEDED = "retake_needed"
    UNSETTLED = "unsettled"  # the change stays in the register for settle
    VANISHED = "vanished"  # cal.com does not have it
    LOST = "lost"
    ENDED = "ended"  # released, or ran out
    NOT_PLACED = "not_placed"
    UNCONFIRMED = "unconfirmed"
    SECOND_UNCONFIRMED = "second_unconfirmed"  # the hold stands; the one to replace it may too


def outcome_of(error: CalcomError) -> Outcome:
    """Return what a failed call means."""
    if isinstance(error, Refused):
        return Outcome.REFUSED
    return Outcome.UNAVAILABLE if isinstance(error, Unavailable) else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class Done:
    """The end of this run: ``fields`` of the hold and ``stand_in`` of its stand-in to record."""

    change: Change
    result: Result
    outcome: Outcome
    fields: Fields = field(default_factory=dict)
    stand_in: Fields | None = None
    cause: str = ""
    error: CalcomError | None = field(default=None, compare=False)


Step: TypeAlias = Patch | Post | Get | Ask | Delete | Swap | Wait | Done
