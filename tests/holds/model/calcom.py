"""A small model of cal.com's reservations: frozen values, no HTTP, time as a parameter.

It follows what was measured on the open server: PATCH counts the reservation's own row as an
overlap, an expired row stays and can be patched, DELETE always succeeds.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from dashboard.calcom import (
    CalcomError,
    Cause,
    Exchange,
    Refused,
    Reservation,
    Unavailable,
    Unknown,
)
from dashboard.holds.slots import SlotHold

Value = TypeVar("Value")
EPOCH = datetime(2027, 1, 11, 9, tzinfo=UTC)
ROUND_ROBIN = 20

STATUS = {
    Cause.UNKNOWN_RESERVATION: HTTPStatus.NOT_FOUND,
    Cause.NOT_RELATED: HTTPStatus.FORBIDDEN,
    Cause.INVALID: HTTPStatus.BAD_REQUEST,
    Cause.WRONG_DURATION: HTTPStatus.BAD_REQUEST,
    Cause.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
}


def replace(value: Value, **fields: Any) -> Value:
    """Return a value with other fields: a named tuple, in a third of ``_replace``'s time, or a
    dataclass.
    """
    if isinstance(value, tuple):
        names: tuple[str, ...] = value._fields  # type: ignore[attr-defined]
        items = list(value)
        for name, field in fields.items():
            items[names.index(name)] = field
        return tuple.__new__(type(value), items)
    return dataclasses.replace(value, **fields)  # type: ignore[type-var]


def exchange(status: int | None = None) -> Exchange:
    """Return an exchange of which only the status matters."""
    return Exchange("PATCH", "", EPOCH, EPOCH, 0, status)


def refused(cause: Cause) -> Refused:
    """Return cal.com's refusal for a cause."""
    return Refused(cause, exchange(STATUS.get(cause, HTTPStatus.UNPROCESSABLE_ENTITY)))


def throttled(seconds: int) -> Unavailable:
    """Return cal.com's answer to a key that has to wait."""
    status = HTTPStatus.TOO_MANY_REQUESTS
    return Unavailable(Cause.RATE_LIMITED, exchange(status), retry_after=seconds)


REFUSALS = {cause: refused(cause) for cause in Cause}
UNANSWERED = Unknown(Cause.UNANSWERED, exchange())
NOT_SEEN = Unavailable(Cause.UNANSWERED, exchange())
THROTTLED, BLOCKED = throttled(5), throttled(60)


class Row(NamedTuple):
    """A reservation as cal.com stores it."""

    uid: str
    slot: SlotHold

    def reservation(self, *, duration: int | None = None) -> Reservation:
        """Return the row as an answer."""
        slot = self.slot
        minutes = (slot.slot_end - slot.slot_start) // timedelta(minutes=1)
        return Reservation(
            slot.event_type_id,
            slot.slot_start,
            slot.slot_end,
            minutes,
            slot.held_until,
            duration,
            self.uid,
        )


class Stranger(NamedTuple):
    """A time that a stranger has reserved or booked, for longer than any test lasts."""

    slot: SlotHold
    cause: Cause  # with which cal.com refuses it to others


class Write(NamedTuple):
    """A POST, PATCH or DELETE. ``minutes`` count from the moment at which it is done."""

    method: str
    uid: str = ""
    slot: SlotHold | None = None
    minutes: int = 0


class Calcom(NamedTuple):
    """All reservations. ``counts_itself`` is the defect: PATCH finds its own row in the way."""

    rows: frozenset[Row] = frozenset()
    strangers: frozenset[Stranger] = frozenset()
    counts_itself: bool = True
    posted: int = 0

    def row(self, uid: str) -> Row | None:
        """Return the row with this uid, expired or not."""
        return next((row for row in self.rows if row.uid == uid), None)

    def live(self, now: datetime) -> list[Row]:
        """Return the rows that keep their time from others."""
        return [row for row in self.rows if row.slot.held_until > now]

    def done(self, write: Write, now: datetime) -> tuple[Calcom, Row | CalcomError | None]:
        """Return cal.com after the write, and the row, None for a DELETE, or the refusal."""
        old = self.row(write.uid)
        others = self.rows - {old}
        if write.method == "DELETE" or write.slot is None:
            return replace(self, rows=frozenset(others)), None
        if write.method == "PATCH" and old is None:
            return self, REFUSALS[Cause.UNKNOWN_RESERVATION]
        in_the_way = self.rows if self.counts_itself else others
        cause = self.refusal(write.slot, in_the_way, now, posts=write.method == "POST")
        if cause is not None:
            return self, REFUSALS[cause]
        uid = write.uid if old else f"uid-{self.posted + 1}"
        row = Row(uid, replace(write.slot, held_until=now + timedelta(minutes=write.minutes)))
        posted = self.posted + (old is None)
        return replace(self, rows=frozenset(others) | {row}, posted=posted), row

    def refusal(
        self, slot: SlotHold, rows: frozenset[Row], now: datetime, *, posts: bool
    ) -> Cause | None:
        """Return why the slot cannot be had. Round robin may be reserved (POST) many times."""
        for stranger in sorted(self.strangers, key=lambda one: one.cause):
            if overlaps(slot, stranger.slot):
                return stranger.cause
        if posts and slot.event_type_id == ROUND_ROBIN:
            return None
        taken = any(row.slot.held_until > now and overlaps(slot, row.slot) for row in rows)
        return Cause.ALREADY_RESERVED if taken else None

    def without(self, uid: str) -> Calcom:
        """Return cal.com after a row was removed by others, or purged."""
        return replace(self, rows=frozenset(row for row in self.rows if row.uid != uid))

    def joined_by(self, stranger: Stranger, now: datetime) -> Calcom | None:
        """Return cal.com after a stranger took a time; None where it was not free."""
        if self.refusal(stranger.slot, self.rows, now, posts=True) is not None:
            return None
        return replace(self, strangers=self.strangers | {stranger})


def overlaps(one: SlotHold, other: SlotHold) -> bool:
    """Return whether cal.com sees one time in the two; event types do not block each other."""
    return one.event_type_id == other.event_type_id and one.overlaps(other)
