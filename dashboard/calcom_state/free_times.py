"""Free times as cal.com lists them, requested once for all people and processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from dashboard.calcom import Listed, Slot, endpoints
from dashboard.calcom_state import shared_answers
from dashboard.calcom_state.shared_answers import Known, Question
from dashboard.localization import local_times

FRESH_FOR = timedelta(seconds=30)
WEEK_DAYS = 7  # the picker reads whole weeks, and its answers are shared


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days of one event type in the office's zone."""

    event_type_id: int
    first_day: date
    days: int
    slot_duration: int = 0  # minutes; 0 is the usual length

    @property
    def start(self) -> datetime:
        return local_times.office_midnight(self.first_day)

    @property
    def end(self) -> datetime:
        return local_times.office_midnight(self.first_day + timedelta(days=self.days))


@dataclass(frozen=True, slots=True)
class Listing:
    """The last answer of cal.com, soonest slot first.

    ``as_of`` is its time on this server's clock, None if cal.com never answered. ``cause`` says why
    it is not fresh: a Cause, NO_ROOM or UNDER_WAY; empty if it is. ``again_at`` is when to ask
    again. ``unread`` counts times in the answer that cannot be read.
    """

    slots: tuple[Slot, ...]
    as_of: datetime | None
    cause: str
    again_at: datetime
    unread: int = 0


def listing(span: Span, *, now: datetime) -> Listing:
    """Return the free times of a span, from cal.com where the stored ones are not fresh."""
    return listings([span], now=now)[0]


def listings(spans: Sequence[Span], *, now: datetime) -> list[Listing]:
    """Return the free times of several spans, after asking cal.com in parallel."""
    return list(map(to_listing, shared_answers.answers([*map(question, spans)], now=now)))


def stored(span: Span, *, now: datetime) -> Listing:
    """Return the free times of a span as last listed, without a call."""
    return to_listing(shared_answers.stored([question(span)], now=now)[0])


def question(span: Span) -> Question[Listed[Slot]]:
    parts = (span.event_type_id, span.first_day, span.days, span.slot_duration)
    call = endpoints.slots(
        event_type_id=span.event_type_id,
        start=span.start,
        end=span.end,
        duration=span.slot_duration or None,
        time_zone=settings.OFFICE_TIME_ZONE,
    )
    name = " ".join(map(str, ("slots", *parts)))
    return Question(name, call, to_json, from_json, FRESH_FOR)


def to_listing(known: Known[Listed[Slot]]) -> Listing:
    listed = known.value or Listed(())
    return Listing(listed.entries, known.as_of, known.cause, known.again_at, listed.unread)


def to_json(listed: Listed[Slot]) -> dict[str, Any]:
    return {"slots": [slot_to_json(slot) for slot in listed.entries], "unread": listed.unread}


def from_json(value: dict[str, Any]) -> Listed[Slot]:
    return Listed(tuple(map(slot_from_json, value["slots"])), value["unread"])


def slot_to_json(slot: Slot) -> list[Any]:
    end = slot.end and slot.end.isoformat()
    return [slot.start.isoformat(), end, slot.seats_total, slot.seats_remaining]


def slot_from_json(item: list[Any]) -> Slot:
    start, end, total, remaining = item
    slot_end = datetime.fromisoformat(end) if end else None
    return Slot(datetime.fromisoformat(start), slot_end, total, remaining)
