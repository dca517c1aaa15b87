"""The catalogue: event types by calendar, as cal.com last listed them.

A list that is not fresh is shown, and says why. Without a calendar the catalogue has an unsaved
one: of the key's owner.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from dashboard.calcom import EventType, Listed, endpoints
from dashboard.calcom.endpoints import Call
from dashboard.calcom_state import event_types, shared_answers
from dashboard.calcom_state.shared_answers import LastAnswer, Question
from dashboard.calendars.models import Calendar

FRESH_FOR = timedelta(minutes=5)
KEPT_FOR = timedelta(days=365)  # limits and pauses of calendars go by their lists


@dataclass(frozen=True)
class Catalogue:
    """Calendars in the Admins' order. Every event type is in one of them: see ``grouped``."""

    calendars: tuple[Calendar, ...]

    @property
    def has_calendars(self) -> bool:
        """Return False where there is only the unsaved one with the key's own event types."""
        return any(calendar.pk for calendar in self.calendars)

    @property
    def shown(self) -> tuple[Calendar, ...]:
        """Calendars to choose from; paused ones too, which take no new hold."""
        return tuple(calendar for calendar in self.calendars if not calendar.is_hidden)

    @cached_property
    def by_id(self) -> dict[int, tuple[Calendar, EventType]]:
        """Calendar and event type by the event type's id."""
        return {
            each.id: (calendar, each)
            for calendar in self.calendars
            for each in calendar.event_types
        }

    def calendar_of(self, event_type_id: int) -> Calendar | None:
        """Return the calendar of an event type, None for one that no list has."""
        return self.by_id.get(event_type_id, (None, None))[0]

    def event_type(self, event_type_id: int) -> EventType | None:
        return self.by_id.get(event_type_id, (None, None))[1]


def in_order() -> list[Calendar]:
    """Return the calendars in the Admins' order."""
    # Sorted here: for an ORDER BY, Django compares each column first, which takes longer.
    return sorted(Calendar.objects.order_by(), key=lambda each: (each.position, each.pk))


def catalogue(*, now: datetime) -> Catalogue:
    """Return the event types of all calendars, after asking cal.com where a list is not fresh."""
    calendars = in_order()
    if not calendars:
        own = Calendar(colour="")
        return grouped([(own, event_types.listing())])
    known = shared_answers.answers([*map(question, calendars)], now=now)
    return grouped(zip(calendars, known, strict=True))


def last_known() -> Catalogue:
    """Return the event types of all calendars as last listed. Without a calendar it is empty."""
    calendars = in_order()
    known = shared_answers.stored([*map(question, calendars)], now=timezone.now())
    return grouped(zip(calendars, known, strict=True))


def with_event_type(event_type_id: int, *, now: datetime) -> Catalogue:
    """Return the catalogue to tell whose an event type is.

    Asks cal.com where none of the last lists has it: the event type, or the key, may be new.
    """
    known = last_known()
    is_missing = known.has_calendars and known.calendar_of(event_type_id) is None
    return catalogue(now=now) if is_missing else known


def event_type(event_type_id: int, known: Catalogue | None = None) -> EventType | None:
    """Return one event type, or None where it cannot be read.

    cal.com's answer by id lacks those of other people, whose lists have them. ``known`` is what
    the caller has read of those.
    """
    if known is None:
        known = last_known()
    return known.event_type(event_type_id) or event_types.event_type(event_type_id)


def grouped(answers: Iterable[tuple[Calendar, LastAnswer[Listed[EventType]]]]) -> Catalogue:
    """Leave each event type to one calendar: its own, else the first that lists it."""
    pairs = list(answers)
    single = {
        int(each.reference) for each, _known in pairs if each.kind == Calendar.Kind.EVENT_TYPE
    }
    seen: set[int] = set()
    for calendar, known in pairs:
        listed = known.listed
        taken = set() if calendar.kind == Calendar.Kind.EVENT_TYPE else single | seen
        calendar.event_types = tuple(each for each in listed.entries if each.id not in taken)
        calendar.unread, calendar.cause = listed.unread, known.cause
        seen.update(each.id for each in calendar.event_types)
    return Catalogue(tuple(calendar for calendar, _known in pairs))


def question(calendar: Calendar) -> Question[Listed[EventType]]:
    def to_json(found: Listed[EventType] | EventType) -> Any:
        listed = found if isinstance(found, Listed) else Listed((found,))
        if calendar.kind == Calendar.Kind.EVENT_TYPE:
            own = (each for each in listed.entries if str(each.id) == calendar.reference)
            listed = Listed(tuple(own))
        return event_types.to_json(listed)

    name, from_json = f"calendar {calendar.pk}", event_types.listed_from_json
    return Question(name, call_of(calendar), to_json, from_json, FRESH_FOR, KEPT_FOR)


def call_of(calendar: Calendar) -> Call[Any]:
    """Return the call that lists the event types of a calendar, or reads its only one."""
    if calendar.kind == Calendar.Kind.USER:
        return endpoints.event_types(username=calendar.reference)
    if calendar.kind == Calendar.Kind.TEAM:
        return endpoints.team_event_types(team_id=int(calendar.reference))
    if calendar.username:  # who lists it
        return endpoints.event_types(username=calendar.username)
    return endpoints.event_type(event_type_id=int(calendar.reference))
