"""Event types of the practice, and calendars of it."""

from typing import Any

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calendars import catalogue, changes
from dashboard.calendars.models import Calendar
from dashboard.holds import new_calendars
from tests.accounts.cast import acting

CONSULT = 1  # of the key's owner
FIRST_OF_ANNA = 1010
FIRST_OF_JOSE = 1020
NEXT_DOCTOR = 1201  # round robin of the team below
MEDICAL = 10


def add(admin: User, typed: str = "", **more: Any) -> Calendar:
    """Add a calendar through the service."""
    return new_calendars.add(typed=typed, by=acting(admin), now=timezone.now(), **more)


def entered(
    reference: str, kind: str = Calendar.Kind.USER, *, people: tuple[User, ...] = ()
) -> Calendar:
    """Return a calendar that was entered and listed, and the people limited to it."""
    calendar = changes.enter(
        kind=kind, reference=reference, label=reference, colour="blue", now=timezone.now()
    )
    calendar.limited_people.set(people)
    catalogue.catalogue(now=timezone.now())
    calendar.refresh_from_db()
    return calendar
