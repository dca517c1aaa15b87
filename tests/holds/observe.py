"""Read what cal.com, the register and the audit have, in forms that can be compared."""

from datetime import datetime, timedelta

from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds.verbs import ALL, ONE

SECOND = timedelta(seconds=1)  # answers of cal.com are as precise as milliseconds
Place = tuple[int, datetime, str | None]  # event type, start, uid


def at_cal_com(calcom: Sandbox) -> list[Place]:
    """Return the live reservations of cal.com."""
    return sorted((row.event_type_id, row.start, row.uid) for row in calcom.live_rows())


def in_register(*holds: Hold) -> list[Place]:
    """Return what the register has of these holds, in the same form."""
    found = Hold.objects.filter(pk__in=[hold.pk for hold in holds])
    return sorted(found.values_list("event_type_id", "slot_start", "reservation_uid"))


def sent(calcom: Sandbox) -> list[tuple[str, int | None]]:
    """Return (method, status) of the calls about reservations since ``forget_calls``."""
    return [(call.method, call.status) for call in calcom.calls() if call.route in (ALL, ONE)]


def states(*holds: Hold) -> list[str]:
    """Return the states of these holds in the register; without any, of all."""
    if not holds:
        return list(Hold.objects.order_by("pk").values_list("state", flat=True))
    return [Hold.objects.get(pk=hold.pk).state for hold in holds]


def audit_of(hold: Hold) -> list[tuple[str, str, str, str]]:
    """Return the audit of a hold: kind, action, method of the call that follows, outcome."""
    found = AuditEntry.objects.filter(hold=hold).order_by("id")
    return list(found.values_list("kind", "action", "method", "outcome"))


def is_held_for(hold: Hold, minutes: int, *, since: datetime) -> bool:
    """Return whether its end is so many minutes after a moment between ``since`` and now."""
    held_until = Hold.objects.get(pk=hold.pk).held_until
    begun = held_until - timedelta(minutes=minutes) if held_until else since - SECOND
    return since - SECOND < begun <= timezone.now() + SECOND


def seconds_left(hold: Hold) -> float:
    """Return for how long the hold is still held."""
    held_until = Hold.objects.get(pk=hold.pk).held_until
    return (held_until - timezone.now()).total_seconds() if held_until else 0.0
