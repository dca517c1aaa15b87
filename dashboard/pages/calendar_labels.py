"""Label holds with the calendar of their event type, which tells whose time they take."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

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
class CalendarLabel:
    """A calendar as rows show it: a colour, which is never alone, and a word."""

    pk: int
    label: str
    colour: str


class CalendarLabels:
    """Labels of all calendars in the Admins' order, and that of each event type listed."""

    def __init__(self, calendars: Iterable[Calendar]) -> None:
        self.listed: list[CalendarLabel] = []
        self.by_event_type: dict[int, CalendarLabel] = {}
        self.is_unread = False  # a list is not known, or not fresh
        for calendar in calendars:
            self.is_unread |= bool(calendar.cause)
            label = CalendarLabel(calendar.pk, calendar.label, calendar.colour)
            self.listed.append(label)
            self.by_event_type |= {each.id: label for each in calendar.event_types}
        # Differs where anything else does.
        self.revision = zlib.crc32(repr((self.listed, self.by_event_type)).encode())

    def of_hold(self, hold: Hold) -> CalendarLabel | None:
        """Return the label of a hold's calendar, else of its hosts; None if not known.

        None without any calendar, too.
        """
        if not self.listed:
            return None
        names = ", ".join(name for _number, name, *_ in hold.hosts[:MOST_HOSTS])
        without = CalendarLabel(0, names, "grey") if names else None
        return self.by_event_type.get(hold.event_type_id, without)

    def chosen_by(self, user: User) -> CalendarLabel | None:
        """Return the calendar that this person's board is limited to, None for all."""
        chosen = user.preferences.board_calendar
        return next((each for each in self.listed if each.pk == chosen), None)

    def numbers_of(self, calendar: CalendarLabel | None) -> set[int] | None:
        """Return the event types of a calendar; None for all."""
        if calendar is None:
            return None
        return {number for number, label in self.by_event_type.items() if label == calendar}


def read() -> CalendarLabels:
    """Return the labels as last listed, without a call."""
    found = read_in_turn(KEPT)
    return read_in_turn(KEPT_UNREAD) if found.is_unread else found


def read_in_turn(seconds: int) -> CalendarLabels:
    # By ticks, because the local clock can be set.
    return labels(calcom_client.source_digest(), seconds, clock.ticks() // seconds)


@lru_cache(maxsize=2)
def labels(_source: str, _seconds: int, _turn: float) -> CalendarLabels:
    return CalendarLabels(catalogue.last_known().calendars)
