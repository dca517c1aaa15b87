"""Free times as cal.com lists them, requested once for all people and processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from django.conf import settings

from dashboard.calcom import Listed, Slot, endpoints
from dashboard.calcom_state import shared_answers
from dashboard.calcom_state.shared_answers import LastAnswer, Question
from dashboard.localization import local_times

Listing: TypeAlias = LastAnswer[Listed[Slot]]  # the last answer, soonest slot first

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


def listing(span: Span, *, now: datetime) -> Listing:
    """Return the free times of a span, from cal.com where the stored ones are not fresh."""
    return listings([span], now=now)[0]


def listings(spans: Sequence[Span], *, now: datetime) -> list[Listing]:
    """Return the free times of several spans, after asking cal.com in parallel."""
    return shared_answers.answers([*map(question, spans)], now=now)


def stored(span: Span, *, now: datetime) -> Listing:
    """Return the free times of a span as last listed, without a call."""
    return shared_answers.stored([question(span)], now=now)[0]


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
