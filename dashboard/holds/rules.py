"""Rules that are checked before cal.com is asked.

Each ``require_…`` raises HoldError, beside its form field where it is about one.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.calcom import LARGEST_INTEGER, Cause, EventType
from dashboard.calendars import catalogue
from dashboard.calendars.catalogue import Catalogue
from dashboard.holds import messages
from dashboard.holds.message_table import CALLS
from dashboard.holds.models import NOTE_LENGTH, Hold
from dashboard.localization import local_times

SLOT_DURATION_MAX = 24 * 60  # minutes; applies where the event type cannot be read


def is_allowed(hold: Hold, user: User) -> bool:
    """Return True for the holder and for Admins: every write to a hold asks this, and each page."""
    return hold.holder_id == user.pk or user.is_admin


def can_take_over(user: User) -> bool:
    """Return True for Admins, and for Staff where STAFF_MAY_TAKE_OVER is set."""
    return user.is_admin or bool(settings.STAFF_MAY_TAKE_OVER)


def require_may_take_over(hold: Hold, by: Actor, *, reason: str) -> None:
    """Require ``can_take_over``, and a reason from Staff."""
    if not can_take_over(by.user):
        raise messages.refusal("not_yours", hold=hold)
    if not reason and not by.user.is_admin:
        raise messages.invalid("reason", _("Say why you are taking it over."), hold=hold)


def longer_note(hold: Hold, more: str) -> str:
    """Return the hold's note with a text appended. Raise HoldError if it gets too long."""
    note = " · ".join(text for text in (hold.note, more.strip()) if text)
    if len(note) > NOTE_LENGTH:
        room = max(0, NOTE_LENGTH - len(hold.note) - len(" · "))
        message = _("The note of this hold has room for %(room)s more characters.")
        raise messages.invalid("note", message, hold=hold, room=room)
    return note


def limited_to(user: User) -> frozenset[int] | None:
    """Return the keys of the calendars that an Admin limits a person to; None without a limit.

    A limited person may hold for no other calendar, and no event type that is in none. Admins are
    never limited.
    """
    if user.is_admin:
        return None
    return frozenset(user.calendars.values_list("pk", flat=True)) or None


def require_allowed_calendar(event_type_id: int, user: User, *, now: datetime) -> Catalogue:
    """Require that an Admin has not limited the person to other calendars; return the catalogue."""
    known = catalogue.with_event_type(event_type_id, now=now)
    if not known.has_calendars:  # no one is limited to some
        return known
    limit, calendar = limited_to(user), known.calendar_of(event_type_id)
    if limit is not None and (calendar is None or calendar.pk not in limit):
        name = calendar or _("event type %(id)s") % {"id": event_type_id}
        raise messages.refusal("not_your_calendar", calendar=name)
    return known


def require_unpaused(event_type_id: int, known: Catalogue) -> None:
    """Require that the event type's calendar is not paused."""
    calendar = known.calendar_of(event_type_id)
    if calendar is not None and calendar.is_paused:
        raise messages.refusal("calendar_paused", calendar=calendar)


def require_slot(event_type_id: int, slot_start: datetime, *, cal_now: datetime) -> None:
    """Require an event type id that can exist, and a start ahead on cal.com's clock."""
    if not 0 < event_type_id <= LARGEST_INTEGER:
        raise messages.invalid("event_type_id", CALLS[Cause.UNKNOWN_EVENT_TYPE].happened)
    if slot_start <= cal_now:
        raise messages.invalid(
            "slot_start",
            _("This time is past: it is %(now)s (%(zone)s)."),
            now=lambda: local_times.day_and_clock(cal_now, cal_now),
        )


def require_slot_duration(minutes: int | None, event_type: EventType | None) -> None:
    """Require one of the event type's lengths, or None. Only some event types offer several."""
    if minutes is None:
        return
    if not 1 <= minutes <= SLOT_DURATION_MAX:
        message = _("A length is from 1 to %(most)s minutes.")
        raise messages.invalid("slot_duration", message, most=SLOT_DURATION_MAX)
    if event_type is None:
        return
    options = event_type.length_options
    if not options:
        message = _("This event type has one length, %(length)s minutes: leave this empty.")
        raise messages.invalid("slot_duration", message, length=event_type.length_in_minutes)
    if minutes not in options:
        message = _("This event type offers %(lengths)s minutes.")
        raise messages.invalid("slot_duration", message, lengths=", ".join(map(str, options)))


def require_until(wanted: datetime, *, cal_now: datetime) -> None:
    """Require an end ahead on cal.com's clock and within HOLD_MINUTES_MAX from now."""
    latest = cal_now + timedelta(minutes=settings.HOLD_MINUTES_MAX)
    if not cal_now < wanted <= latest:
        raise messages.invalid(
            "until",
            _("It is %(now)s. Choose a time until %(latest)s (%(zone)s)."),
            now=lambda: local_times.minute(cal_now),
            latest=lambda: local_times.when(latest, cal_now, time_of_day=local_times.minute),
        )


def require_reservation_duration(minutes: int) -> None:
    """Require minutes from now within HOLD_MINUTES_MAX."""
    most = settings.HOLD_MINUTES_MAX
    if not 1 <= minutes <= most:
        message = _("Enter 1 to %(most)s minutes from now.")
        raise messages.invalid("reservation_duration", message, most=most)
