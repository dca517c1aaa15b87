"""Values that tell what was seen of a change at cal.com: the input of ``transitions.next_step``."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from dashboard.calcom import CalcomError, Cause, Refused, Reservation

# Refusals that may be of the parking place alone; any other would meet a new reservation as well,
# and the hold would be lost for nothing.
STATUS_OF_PLACE = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
CAUSES_OF_ANY_PLACE = {Cause.WRONG_DURATION, Cause.NO_HOSTS}


@dataclass(frozen=True, slots=True)
class Begin:
    """The call of this phase is to be sent: for the first time, or again after a pause."""


@dataclass(frozen=True, slots=True)
class Look:
    """The state at cal.com is open: look before anything else."""


@dataclass(frozen=True, slots=True)
class Found:
    """A GET was answered; None: cal.com has no such reservation."""

    reservation: Reservation | None


@dataclass(frozen=True, slots=True)
class NotSeen:
    """A GET was not answered, or its answer cannot be read."""

    error: CalcomError


@dataclass(frozen=True, slots=True)
class Accepted:
    """A write was accepted; a DELETE returns no reservation."""

    reservation: Reservation | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A write was refused (Refused), certainly not done (Unavailable) or unanswered (Unknown)."""

    error: CalcomError


@dataclass(frozen=True, slots=True)
class Asked:
    """cal.com was asked whether it answers."""

    is_answered: bool


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """The budget covers no further call."""


Seen: TypeAlias = Begin | Look | Found | NotSeen | Accepted | Failed | Asked | OutOfTime


def is_of_place(error: Refused) -> bool:
    """Return whether another parking place may be accepted."""
    return error.exchange.status in STATUS_OF_PLACE and error.cause not in CAUSES_OF_ANY_PLACE
