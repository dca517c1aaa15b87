"""Change and remove calendars: the only code that does, with a check of the role and the audit.

``by=None`` is the system, such as the demo's set-up. Adding one asks cal.com first: see
``holds.new_calendars``, which ends in ``insert``.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.trail import Action, Outcome
from dashboard.calendars.models import Calendar

FIELDS = ("label", "colour", "is_hidden", "is_paused")


class CalendarError(PermissionDenied):
    """Refusal of a change to a calendar: a code for the audit, and words for the person."""

    def __init__(self, code: str, words: str | Promise) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


def insert(calendar: Calendar, *, by: Actor | None, now: datetime) -> None:
    """Save a new calendar at the end, inside the caller's transaction, which records it."""
    last = Calendar.objects.order_by("position").last()
    calendar.position = last.position + 1 if last else 1
    calendar.created_by, calendar.created_at = by.user if by else None, now
    calendar.save(force_insert=True)


def enter(*, kind: str, reference: str, label: str, colour: str, now: datetime) -> Calendar:
    """Add a calendar for the system, without asking cal.com for it."""
    calendar = Calendar(kind=kind, reference=reference, label=label, colour=colour)
    with transaction.atomic():
        insert(calendar, by=None, now=now)
        record(Action.CALENDAR_ADDED, calendar, after=audit_values(calendar), by=None, now=now)
    return calendar


def change(
    *,
    calendar: int,
    position: int | None = None,
    people: Iterable[User | int] | None = None,
    by: Actor | None,
    now: datetime,
    **fields: Any,
) -> Calendar:
    """Change FIELDS of a calendar, its position from 1 on, or the people limited to it.

    What is not given stays. Raises Calendar.DoesNotExist, CalendarError.
    """
    target = Calendar.objects.get(pk=calendar)
    require_admin(Action.CALENDAR_CHANGED, target, by=by, now=now)
    with transaction.atomic():
        # All, always in one order: a new position numbers the others anew.
        list(Calendar.objects.select_for_update().order_by("pk"))
        target = Calendar.objects.get(pk=calendar)
        before = audit_values(target)
        for name in fields.keys() & set(FIELDS):
            setattr(target, name, fields[name])
        target.save(update_fields=FIELDS)
        if people is not None:
            target.limited_people.set(people)
        if position is not None:
            move_to(target, position)
        after = audit_values(target)
        changed = [name for name in after if before[name] != after[name]]
        if changed:
            record(
                Action.CALENDAR_CHANGED,
                target,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
                by=by,
                now=now,
            )
    return target


def remove(*, calendar: int, by: Actor | None, now: datetime) -> Calendar:
    """Delete a calendar; holds refer to event types, not to it.

    Raises Calendar.DoesNotExist, and CalendarError while people are limited to it: without their
    last calendar they could hold for all.
    """
    target = Calendar.objects.get(pk=calendar)
    require_admin(Action.CALENDAR_REMOVED, target, by=by, now=now)
    with transaction.atomic():
        target = Calendar.objects.select_for_update().get(pk=calendar)
        before = audit_values(target)
        is_limiting = target.limited_people.exists()
        if not is_limiting:
            target.delete()
            record(Action.CALENDAR_REMOVED, target, before=before, by=by, now=now)
    if is_limiting:
        words = _("People are limited to this calendar. End that first: they could hold for all.")
        raise refused(Action.CALENDAR_REMOVED, target, "limits_people", words, by=by, now=now)
    return target


def require_admin(action: Action, target: Calendar, *, by: Actor | None, now: datetime) -> None:
    """Raise CalendarError unless ``by`` is the system or an Admin in the database."""
    if by is not None and not User.objects.get(pk=by.user.pk).is_admin:
        words = _("Only Admins may change calendars, and you are no longer one.")
        raise refused(action, target, "not_admin", words, by=by, now=now)


def refused(
    action: Action, target: Calendar, code: str, words: str | Promise, **made: Any
) -> CalendarError:
    """Record a refusal, ``made`` by whom and when, and return its error."""
    record(action, target, outcome=Outcome.REFUSED, error_code=code, **made)
    return CalendarError(code, words)


def record(
    action: Action, calendar: Calendar, *, by: Actor | None, now: datetime, **values: Any
) -> None:
    """Write an audit entry about a calendar."""
    trail.event(action=action, by=by, asked=audit_identity(calendar), now=now, **values)


def move_to(target: Calendar, position: int) -> None:
    """Put a calendar at a position, from 1 on, and number all anew."""
    calendars = list(Calendar.objects.exclude(pk=target.pk))
    calendars.insert(max(position, 1) - 1, target)
    for number, each in enumerate(calendars, start=1):
        if each.position != number or each is target:
            each.position = number
            each.save(update_fields=["position"])


def audit_identity(calendar: Calendar) -> dict[str, Any]:
    return {"calendar": calendar.label, "kind": calendar.kind, "reference": calendar.reference}


def audit_values(calendar: Calendar) -> dict[str, Any]:
    """Return the audited values of a calendar; people by their user names."""
    values = {name: getattr(calendar, name) for name in (*FIELDS, "position")}
    people = calendar.limited_people.order_by("username").values_list("username", flat=True)
    return {**values, "people": list(people)}
