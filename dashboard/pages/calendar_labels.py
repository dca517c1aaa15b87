"""Tell whose time a hold takes: the calendar of its event type, where there are calendars."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache

from dashboard.accounts.models import User
from dashboard.calcom_state import calcom_client, clock
from dashboard.calendars import catalogue
from dashboard.calendars.models import Calendar
from dashboard.holds.models import Hold

# Every poll of the board asks for it, so that each process reads it at most twice a minute.
KEPT = 30  # seconds
MOST_HOSTS = 2  # named where a hold is of no calendar
KEPT_UNREAD = 5  # while a list is not known


@dataclass(frozen=True, slots=True)
class Whose:
    """A calendar as rows show it: a colour, which is never alone, and a word."""

    pk: int
    label: str
    colour: str


class Calendars:
    """All calendars in the Admins' order, and that of each event type that is listed."""

    def __init__(self, calendars: Iterable[Calendar]) -> None:
        self.listed: list[Whose] = []
        self.by_event_type: dict[int, Whose] = {}
        for calendar in calendars:
            whose = Whose(calendar.pk, calendar.label, calendar.colour)
            self.listed.append(whose)
            self.by_event_type |= {each.id: whose for each in calendar.event_types}
        # Differs where anything else does.
        self.revision = zlib.crc32(repr((self.listed, self.by_event_type)).encode())

    def whose(self, hold: Hold) -> Whose | None:
        """Return the calendar of a hold, else the names of its hosts; None if not known.

        None without any calendar, too.
        """
        if not self.listed:
            return None
        names = ", ".join(name for _number, name in hold.hosts[:MOST_HOSTS])
        without = Whose(0, names, "grey") if names else None
        return self.by_event_type.get(hold.event_type_id, without)

    def chosen_by(self, user: User) -> Whose | None:
        """Return the calendar that this person's board is limited to, None for all."""
        chosen = user.preferences.board_calendar
        return next((each for each in self.listed if each.pk == chosen), None)

    def numbers_of(self, calendar: Whose | None) -> set[int] | None:
        """Return the event types of a calendar; None for all."""
        if calendar is None:
            return None
        return {number for number, whose in self.by_event_type.items() if whose == calendar}


def of_event_type(number: int) -> Whose | None:
    """Return the calendar of an event type as last listed, without a call; None if in none."""
    return calendars().by_event_type.get(number)


def calendars() -> Calendars:
    """Return the calendars as last listed, without a call."""
    key = f"holds.whose.{calcom_client.source()}"
    found: Calendars | None
    # The cache goes by the local clock, which can be set.
    found, until = cache.get(key, (None, 0))
    if found is None or clock.ticks() > until:
        known = catalogue.last_known().calendars
        found = Calendars(known)
        kept = KEPT_UNREAD if any(calendar.cause for calendar in known) else KEPT
        cache.set(key, (found, clock.ticks() + kept), kept)
    return found
