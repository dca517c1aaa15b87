"""What people do in these tests, written through the trail as the services write it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold

Action, Outcome = AuditEntry.Action, AuditEntry.Outcome
# 13:00 in Rome, and long past: pages compare it with the real clock.
NOON = datetime(2025, 11, 25, 12, 0, tzinfo=UTC)
ONE = "/v2/slots/reservations/{uid}"
BEFORE = {
    "state": "held",
    "slot_start": "2025-11-26T13:30:00Z",
    "slot_end": "2025-11-26T14:30:00Z",
    "held_until": "2025-11-25T12:15:00Z",
}
AFTER = BEFORE | {"held_until": "2025-11-25T12:30:00Z"}


@dataclass(frozen=True)
class Answered:
    """An exchange with cal.com."""

    method: str = "PATCH"
    path: str = ONE
    status: int | None = 200
    milliseconds: int = 212
    request_id: str = "upstream-1"


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def acting(user: User) -> Actor:
    return Actor(user=user, address="192.0.2.7", user_agent="Browser/1", request_id="req-1")


def begin_to_extend(user: User | None, hold: Hold, at: datetime = NOON) -> trail.Trail:
    return trail.intent(
        action=Action.EXTEND,
        by=acting(user) if user else None,
        hold_id=hold.pk,
        asked={"reservation_duration": 30},
        before=BEFORE,
        method="PATCH",
        path=ONE,
        now=at,
    )


def extend(user: User | None, hold: Hold, at: datetime = NOON) -> UUID:
    """Parked and returned."""
    begun = begin_to_extend(user, hold, at)
    trail.step(
        begun,
        method="PATCH",
        path=ONE,
        answered=Answered(milliseconds=100),
        now=at + timedelta(milliseconds=120),
    )
    trail.outcome(
        begun,
        outcome=Outcome.OK,
        after=AFTER | {"way": "park and return"},
        answered=Answered(milliseconds=112),
        now=at + timedelta(milliseconds=250),
    )
    return begun.action_id


def fail_to_place(user: User, at: datetime = NOON) -> UUID:
    begun = trail.intent(
        action=Action.PLACE,
        by=acting(user),
        asked={"event_type_id": 1, "slot_start": "2025-11-26T09:00:00Z"},
        method="POST",
        path="/v2/slots/reservations",
        now=at,
    )
    trail.outcome(
        begun,
        outcome=Outcome.REFUSED,
        answered=Answered("POST", "/v2/slots/reservations", status=422),
        error_code="slot_reserved",
        message="This time slot is already reserved by another user.",
        now=at + timedelta(milliseconds=212),
    )
    return begun.action_id


def sign_in(user: User, at: datetime = NOON) -> None:
    trail.event(action=Action.SIGN_IN, by=acting(user), now=at)


def make_hold(holder: User, client_name: str = "Client One") -> Hold:
    return Hold.objects.create(
        state=Hold.State.HELD,
        holder=holder,
        client_name=client_name,
        event_type_id=1,
        slot_start=datetime(2025, 11, 26, 13, 30, tzinfo=UTC),
        slot_end=datetime(2025, 11, 26, 14, 30, tzinfo=UTC),
        reservation_duration=15,
        held_until=NOON + timedelta(minutes=15),
        created_at=NOON,
        changed_at=NOON,
    )
