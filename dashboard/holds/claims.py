"""Claim a hold, and guard a slot while it is asked for: compare-and-set in the register."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from dashboard.accounts.models import User
from dashboard.calcom_state import clock
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import Hold, HoldQuerySet, claimed
from dashboard.holds.slots import SlotHold

NO_WAIT = timedelta(seconds=1)  # a claim is taken sooner, unless others write
# Of the turns to ask for a time of an event type, whose number is added: nothing else locks these.
TURN_LOCK = 0x5455524E << 32
# Plain SQL, because each hold that is placed runs it.
ASKING_SQL = (
    "SELECT 1 FROM dashboard_hold WHERE asking_event_type = %s AND claim_until > %s LIMIT 1"
)


class SlotBusyError(Exception):
    """A colleague is asking cal.com for an overlapping time at this moment."""

    def __init__(self, other: Hold) -> None:
        super().__init__(f"hold {other.pk} asks for it")
        self.other = other


class ClaimLostError(Exception):
    """The verb took longer than its claim; someone else may be changing the hold now."""


@dataclass(frozen=True, slots=True)
class SlotGuard:
    """A time that is being asked for. An unknown end guards the whole event type."""

    event_type_id: int
    start: datetime
    end: datetime | None

    @classmethod
    def of(cls, slot: SlotHold) -> SlotGuard:
        return cls(slot.event_type_id, slot.slot_start, slot.slot_end)

    @classmethod
    def around(cls, origin: SlotHold, target: SlotHold) -> SlotGuard:
        """Guard the target, and with it the origin where that is given up on the way."""
        if not target.overlaps(origin):
            return cls.of(target)
        start = min(origin.slot_start, target.slot_start)
        return cls(target.event_type_id, start, max(origin.slot_end, target.slot_end))

    def take_turn(self, *, now: datetime, exclude: int | None = None) -> None:
        """Make sure that no colleague asks for the time, inside the caller's transaction.

        Those who ask for one event type come one after the other. Raises SlotBusyError.
        """
        lock_event_type(self.event_type_id)
        if not is_being_asked_for(self.event_type_id, now=now):
            return
        asking = Hold.objects.filter(claimed(now), asking_event_type=self.event_type_id)
        if self.end is not None:
            overlaps = Q(asking_end__gt=self.start, asking_start__lt=self.end)
            asking = asking.filter(overlaps | Q(asking_end=None))
        if exclude is not None:
            asking = asking.exclude(pk=exclude)
        other = asking.select_related("claim_by").first()
        if other is not None:
            raise SlotBusyError(other)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one verb to change a hold, until a moment on the local clock."""

    id: uuid.UUID
    verb: str
    by: User | None
    until: datetime
    guard: SlotGuard | None = None

    def fields(self) -> Fields:
        guard = self.guard
        return {
            "claim_id": self.id,
            "claim_verb": self.verb,
            "claim_by": self.by,
            "claim_until": self.until,
            "asking_event_type": guard.event_type_id if guard else None,
            "asking_start": guard.start if guard else None,
            "asking_end": guard.end if guard else None,
        }


def no_claim() -> Fields:
    return {
        "claim_id": None,
        "claim_verb": "",
        "claim_by": None,
        "claim_until": None,
        "asking_event_type": None,
        "asking_start": None,
        "asking_end": None,
    }


def insert(hold: Hold, claim: Claim, *, now: datetime) -> None:
    """Insert a new hold with the claim on it. Raises IntegrityError for a used form token."""
    set_fields(hold, claim.fields() | {"created_at": now, "changed_at": now})
    hold.save(force_insert=True)


def renew(claim: Claim, rows: Iterable[Hold | None], calls: int, *, now: datetime) -> datetime:
    """Let a claim that waited for other writers begin now. Return its end.

    It can wait for longer than it lasts, at each of its rows and at the log.
    """
    until = now + clock.time_limit(calls)
    if until < claim.until + NO_WAIT:
        return claim.until
    for hold in rows:
        if hold is not None:
            write(hold, {"claim_until": until}, claim_id=claim.id, now=now)
    return until


def update_unclaimed(hold: Hold, fields: Fields, *, now: datetime) -> bool:
    """Write to a hold that no one has claimed, if it is as it was read. Return whether it was."""
    unchanged = Hold.objects.filter(~claimed(now), pk=hold.pk, version=hold.version)
    return _update(unchanged, hold, fields, now=now)


def update_as_read(hold: Hold, fields: Fields, *, now: datetime) -> bool:
    """Write to a hold, claimed or not, if it is as it was read. Return whether it was."""
    unchanged = Hold.objects.filter(pk=hold.pk, version=hold.version)
    return _update(unchanged, hold, fields, now=now)


def write(hold: Hold, fields: Fields, *, claim_id: uuid.UUID, now: datetime) -> None:
    """Write to a hold that this claim still holds. Raises ClaimLostError."""
    mine = Hold.objects.filter(pk=hold.pk, claim_id=claim_id)
    if not _update(mine, hold, fields, now=now):
        raise ClaimLostError


def set_fields(hold: Hold, fields: Fields) -> None:
    before = hold.texts
    for name, value in fields.items():
        setattr(hold, name, value)
    hold.has_new_texts |= hold.texts != before


def _update(rows: HoldQuerySet, hold: Hold, fields: Fields, *, now: datetime) -> bool:
    if not rows.write_rows(fields, now=now):
        return False
    set_fields(hold, fields)
    hold.version += 1
    if hold.has_new_texts:
        hold.index_client()
    return True


def is_being_asked_for(event_type_id: int, *, now: datetime) -> bool:
    """Return whether a verb is asking cal.com for a time of the event type at this moment."""
    with connection.cursor() as cursor:
        until = connection.ops.adapt_datetimefield_value(now)
        cursor.execute(ASKING_SQL, [event_type_id, until])
        return cursor.fetchone() is not None


def lock_event_type(event_type_id: int) -> None:
    """Let those who ask for one event type come one after the other, until they commit.

    SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN_LOCK + event_type_id])
