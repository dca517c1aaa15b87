"""Who is at work on a hold, and which time is being asked for: compare-and-set in our database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q

from dashboard.accounts.models import User
from dashboard.holds.models import EventTypeLock, Hold

# What one call to cal.com may take at most, in seconds; calls.py tells the client.
CALL_SECONDS = 8.0

# After its time limit a call may still be at work at cal.com; a minute covers what was measured
# there (a server whose cache is down answers after 10 to 42 seconds).
LANDING = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Asking:
    """A time that is being asked for. An unknown end stands for the whole event type."""

    event_type_id: int
    start: datetime
    end: datetime | None


class BeingAskedError(Exception):
    """One of us is asking for an overlapping time at this moment."""

    def __init__(self, other: Hold) -> None:
        super().__init__(f"hold {other.pk} asks for it")
        self.other = other


class NotClaimedError(Exception):
    """Somebody else was faster: the hold is claimed, or not as it was."""


class ClaimLostError(Exception):
    """The verb took longer than its claim; somebody else may be at work now."""


def time_limit(calls: int) -> timedelta:
    """How long a verb of so many calls may keep its claim."""
    return timedelta(seconds=CALL_SECONDS * calls + 2)


def ask(asking: Asking, *, now: datetime, but: int | None = None) -> None:
    """Make sure that none of us asks for the time right now, inside the caller's transaction.

    One event type's askers come one after the other: the row is written first, which on
    PostgreSQL locks it and on SQLite is inside the one write transaction there can be.
    Raises BeingAskedError.
    """
    _take_turn(asking.event_type_id)
    others = Hold.objects.asking_for(asking.event_type_id, asking.start, asking.end, now=now)
    if but is not None:
        others = others.exclude(pk=but)
    # Hardly ever is there one, and who it is takes a longer question.
    other = others.select_related("claim_by").first() if others.exists() else None
    if other is not None:
        raise BeingAskedError(other)


def _take_turn(event_type_id: int) -> None:
    if EventTypeLock.objects.filter(pk=event_type_id).update(turn=1):
        return
    EventTypeLock.objects.bulk_create(
        [EventTypeLock(event_type_id=event_type_id, turn=1)],
        update_conflicts=True,
        unique_fields=["event_type_id"],
        update_fields=["turn"],
    )


def claim(
    hold: Hold,
    *,
    verb: str,
    by: User | None,
    claim_id: uuid.UUID,
    until: datetime,
    asking: Asking | None = None,
    change: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """Take the hold as it was read, by its version. Raises NotClaimedError."""
    fields: dict[str, Any] = {
        "claim_id": claim_id,
        "claim_verb": verb,
        "claim_by": by,
        "claim_until": until,
        "asking_event_type": asking.event_type_id if asking else None,
        "asking_start": asking.start if asking else None,
        "asking_end": asking.end if asking else None,
    }
    if change is not None:
        fields["change"] = change
    free = Q(claim_id=None) | Q(claim_until__lte=now)
    unchanged = Hold.objects.filter(free, pk=hold.pk, version=hold.version)
    if not unchanged.update(version=F("version") + 1, changed_at=now, **fields):
        raise NotClaimedError
    for name, value in fields.items():
        setattr(hold, name, value)
    hold.version += 1


def write(hold: Hold, fields: dict[str, Any], *, claim_id: uuid.UUID, now: datetime) -> None:
    """Change the hold that this claim still holds. Raises ClaimLostError."""
    mine = Hold.objects.filter(pk=hold.pk, claim_id=claim_id)
    if not mine.update(version=F("version") + 1, changed_at=now, **fields):
        raise ClaimLostError
    for name, value in fields.items():
        setattr(hold, name, value)
    hold.version += 1


def ended() -> dict[str, Any]:
    """The fields that end a claim."""
    return {
        "claim_id": None,
        "claim_verb": "",
        "claim_by": None,
        "claim_until": None,
        "asking_event_type": None,
        "asking_start": None,
        "asking_end": None,
    }
