"""Read to which calendars an Admin limits a person: by default to none, and all may be held for."""

from dashboard.accounts import roles
from dashboard.accounts.models import User
from dashboard.calendars.models import Calendar


def limited_to(user: User) -> frozenset[int] | None:
    """Return the keys of the calendars that a person is limited to; None without a limit.

    A limited person may hold for no other calendar, and no event type that is in none. Admins are
    never limited.
    """
    if roles.is_admin(user):
        return None
    return frozenset(user.calendars.values_list("pk", flat=True)) or None


def may_hold_for(calendar: Calendar | None, limit: frozenset[int] | None) -> bool:
    """Return whether a limit includes a calendar; None is that of event types without one."""
    return limit is None or (calendar is not None and calendar.pk in limit)
