"""Whose time a hold takes: the calendar of its event type. Empty where there are no calendars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache

from dashboard.accounts.models import User
from dashboard.holds import calcom_client, catalogue

# Every poll of the board asks for it, so that each process reads it at most twice a minute.
KEPT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Whose:
    """A calendar as rows show it: a colour, which is never alone, and a word."""

    pk: int
    label: str
    colour: str


@dataclass(frozen=True, slots=True)
class Calendars:
    """All calendars in the Admins' order, and that of each event type that is listed."""

    listed: tuple[Whose, ...]
    by_event_type: Mapping[int, Whose]

    def chosen_by(self, user: User) -> Whose | None:
        """Return the calendar that this person's board is limited to, None for all."""
        chosen = user.preferences.board_calendar
        return next((each for each in self.listed if each.pk == chosen), None)

    def is_of(self, event_type_id: int, calendar: Whose | None) -> bool:
        """Return whether a hold of this event type is of the calendar; None is any."""
        return calendar is None or self.by_event_type.get(event_type_id) == calendar


def calendars() -> Calendars:
    """Return the calendars as last listed, without a call."""
    key = f"holds.whose.{calcom_client.source()}"
    found: Calendars | None = cache.get(key)
    if found is None:
        found = read()
        cache.set(key, found, KEPT.total_seconds())
    return found


def read() -> Calendars:
    listed: list[Whose] = []
    by_event_type: dict[int, Whose] = {}
    for group in catalogue.last_known().groups:
        if group.calendar is not None:
            whose = Whose(group.calendar.pk, group.label, group.colour)
            listed.append(whose)
            by_event_type |= {each.id: whose for each in group.event_types}
    return Calendars(tuple(listed), by_event_type)
