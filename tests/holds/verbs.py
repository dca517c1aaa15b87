"""Perform the verbs of ``services`` with usual values; event types and times of the sandbox."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import checks, services, transfer
from dashboard.holds.models import Hold
from dashboard.holds.new_holds import ClientDetails
from tests.accounts.cast import acting
from tests.future_dates import day

# Event types of the sandbox.
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

# Routes of cal.com, as the sandbox and the audit name them.
ONE = "/v2/slots/reservations/{uid}"
ALL = "/v2/slots/reservations"
EVENT_TYPE = "/v2/event-types/{id}"

KEY = "cal_ownerfast0123456789"


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


def take_over(user: User, hold: Hold, **more: Any) -> Hold:
    return transfer.take_over(hold_id=hold.pk, by=acting(user), now=timezone.now(), **more)


def check_all(user: User, *holds: Hold) -> list[checks.CheckResult]:
    keys = [hold.pk for hold in holds]
    return checks.check_many(hold_ids=keys, by=acting(user), now=timezone.now())


def check(user: User, hold: Hold) -> checks.CheckResult:
    return checks.check(hold_id=hold.pk, by=acting(user), now=timezone.now())
