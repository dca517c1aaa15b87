"""Record actions as the services do, for tests that read the log."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.audit.timeline import Line, lines_of
from dashboard.holds.models import Hold
from tests.accounts.cast import acting, make_hold

Action, Outcome = AuditEntry.Action, AuditEntry.Outcome
# 13:00 in Rome. In the past, because pages compare it with the real clock.
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
    """Call to cal.com and its answer."""

    method: str = "PATCH"
    path: str = ONE
    status: int | None = 200
    milliseconds: int = 212
    request_id: str = "upstream-1"


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


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
    """Record an extension by park and return."""
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


def change(
    user: User, hold: Hold, action: Action, method: str, *, changes: dict[str, str], **more: Any
) -> None:
    """Record an action on a hold by one call, which cal.com answered as usual."""
    reason = more.get("reason", "")
    begun = trail.intent(
        action=action,
        by=acting(user),
        hold_id=hold.pk,
        before=BEFORE,
        method=method,
        path=ONE,
        now=NOON,
        **{"asked": {}} | more,
    )
    trail.outcome(
        begun,
        outcome=Outcome.OK,
        after=BEFORE | changes,
        answered=Answered(method),
        reason=reason,
        now=after(1),
    )


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


def hold_of(holder: User, client_name: str = "Client One") -> Hold:
    """Create a hold whose slot is that of BEFORE."""
    slot_start = datetime(2025, 11, 26, 13, 30, tzinfo=UTC)
    return make_hold(
        holder,
        now=NOON,
        client_name=client_name,
        slot_start=slot_start,
        slot_end=slot_start + timedelta(hours=1),
        held_until=NOON + timedelta(minutes=15),
        reservation_uid=None,
    )


def lines(now: datetime = NOON, viewer: int | None = None) -> list[Line]:
    """Return the lines of the test's own actions, newest first."""
    own = AuditEntry.objects.exclude(action=Action.PERSON_ADDED).with_names()
    return lines_of(own, now=now, viewer=viewer)


def only_line(now: datetime = NOON, viewer: int | None = None) -> Line:
    (line,) = lines(now, viewer)
    return line
