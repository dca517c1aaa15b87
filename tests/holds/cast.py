"""What the cast of this room does, and what is read of it afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import services
from dashboard.holds.models import Hold
from dashboard.holds.placing import ClientDetails
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.future_dates import day

CONSULT = 1  # 60 minutes
VARIABLE = 2  # 15, 30, 45, 60 or 180 minutes
GROUP = 3  # 60 minutes, five seats
SHORT = 4  # 30 minutes
STRANGERS = 5
ROUND_ROBIN = 20
NO_HOSTS = 21
COLLECTIVE = 22

MONDAY = datetime.combine(day(0), time(9), UTC)  # 10:00 at the office
LATER = MONDAY + timedelta(hours=2)
ONE = "/v2/slots/reservations/{uid}"
ALL = "/v2/slots/reservations"


def place(user: User, *, event_type: int = CONSULT, start: datetime = MONDAY, **more: Any) -> Hold:
    return services.place(
        by=acting(user),
        event_type_id=event_type,
        slot_start=start,
        reservation_duration=more.pop("minutes", 15),
        client=ClientDetails("Grace", "grace@example.test", "called at nine"),
        now=timezone.now(),
        **more,
    )


def extend(user: User, hold: Hold, minutes: int | None = 30, **more: Any) -> Hold:
    return services.extend(
        hold_id=hold.pk,
        by=acting(user),
        reservation_duration=minutes,
        now=timezone.now(),
        **more,
    )


def move(user: User, hold: Hold, start: datetime = LATER, **more: Any) -> Hold:
    return services.move(
        hold_id=hold.pk, by=acting(user), slot_start=start, now=timezone.now(), **more
    )


def release(user: User, hold: Hold, **more: Any) -> Hold:
    return services.release(hold_id=hold.pk, by=acting(user), now=timezone.now(), **more)


def rows(calcom: Sandbox) -> list[tuple[int, datetime, str]]:
    """What cal.com has: event type, start, uid."""
    return sorted((row.event_type_id, row.start, row.uid) for row in calcom.live_rows())


def register(hold: Hold) -> tuple[int, datetime, str | None]:
    """What we have of it, in the same form."""
    hold = Hold.objects.get(pk=hold.pk)
    return hold.event_type_id, hold.slot_start, hold.reservation_uid


def story(hold: Hold) -> list[tuple[str, str, str, str]]:
    """Its audit: kind, action, the call that follows, outcome."""
    entries = AuditEntry.objects.filter(hold=hold).order_by("id")
    return [(e.kind, e.action, e.method, e.outcome) for e in entries]


def seconds_left(hold: Hold) -> float:
    held = Hold.objects.get(pk=hold.pk).held_until
    return (held - timezone.now()).total_seconds() if held else 0.0
