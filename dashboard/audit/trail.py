"""Services that write the audit log; no other module does.

Each function is one INSERT in the caller's transaction: an intent must be committed before its
call is sent, and an outcome together with the effect that it records. ``by=None`` is the system.
"""

import contextvars
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from dashboard.audit import origin, sanitize
from dashboard.audit.models import AuditEntry
from dashboard.calcom import Exchange

Action = AuditEntry.Action
Kind = AuditEntry.Kind
Outcome = AuditEntry.Outcome

SYSTEM = "system"
UNKNOWN = "?"  # followed by a fingerprint, instead of an unknown user name
MAX_MESSAGE = 2000  # characters
MAX_LENGTHS = {
    field.name: field.max_length or MAX_MESSAGE
    for field in AuditEntry._meta.local_fields
    if field.get_internal_type() in ("CharField", "TextField")
}

# Id of the last request of this thread whose action was recorded with its outcome, and committed.
last_recorded: contextvars.ContextVar[str] = contextvars.ContextVar("last_recorded", default="")


@dataclass(frozen=True, slots=True)
class Actor:
    """Signed-in person in one request; ``accounts.actors`` makes it."""

    user: AbstractUser
    address: str
    user_agent: str
    request_id: str


class Columns(TypedDict, total=False):
    """Columns of one entry.

    ``method`` and ``path`` describe the call that follows it; ``path`` is a template, never with a
    uid. ``answered`` is the answer to the call before; ``error_code`` and ``message``, cleansed of
    secrets, describe its failure. ``reason`` is a code, never free text. The last four describe a
    request without a signed-in person.
    """

    asked: Mapping[str, object]
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    method: str
    path: str
    answered: Exchange | None
    error_code: str
    message: str
    reason: str
    address: str
    user_agent: str
    actor_name: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Trail:
    """Action that has begun, and who writes its next entries; the first one keeps its own actor.

    Another process makes one for an action whose process died, to record its missing outcome.
    """

    action_id: uuid.UUID
    action: Action
    by: Actor | None
    hold_id: int | None = None


def intent(
    *,
    action: Action,
    by: Actor | None,
    hold_id: int | None = None,
    action_id: uuid.UUID | None = None,
    now: datetime,
    **columns: Unpack[Columns],
) -> Trail:
    """Record an action before its first call; pass an ``action_id`` that a claim already uses."""
    trail = Trail(action_id or uuid.uuid4(), action, by, hold_id)
    _insert(trail, Kind.INTENT, now, **columns)
    return trail


def step(trail: Trail, *, now: datetime, **columns: Unpack[Columns]) -> None:
    """Record the next call before it is sent, with the answer to the call before it."""
    _insert(trail, Kind.STEP, now, **columns)


def outcome(
    trail: Trail,
    *,
    outcome: Outcome,
    hold_id: int | None = None,
    now: datetime,
    **columns: Unpack[Columns],
) -> None:
    """Record the end of an action. Pass the ``hold_id`` of a hold that the action created.

    Raises IntegrityError for an action that has an outcome already.
    """
    _insert(trail, Kind.OUTCOME, now, outcome=outcome, hold_id=hold_id, **columns)


def outcome_once(trail: Trail, **columns: Any) -> bool:
    """Record the end of an action that other processes may end too; return False if one did."""
    try:
        with transaction.atomic():
            outcome(trail, **columns)
    except IntegrityError:
        if not AuditEntry.objects.ended_among([trail.action_id]):
            raise
        return False
    return True


def event(
    *,
    action: Action,
    by: Actor | None,
    outcome: Outcome = Outcome.OK,
    hold_id: int | None = None,
    now: datetime,
    **columns: Unpack[Columns],
) -> None:
    """Record an action without a call, whole in one entry."""
    trail = Trail(uuid.uuid4(), action, by, hold_id)
    _insert(trail, Kind.EVENT, now, outcome=outcome, **columns)


def _insert(
    trail: Trail,
    kind: Kind,
    now: datetime,
    *,
    outcome: str = "",
    hold_id: int | None = None,
    **given: Unpack[Columns],
) -> None:
    """Insert one entry, with text and JSON made storable."""
    columns: dict[str, Any] = {**_actor_columns(trail.by), **given}
    columns |= _answer_columns(columns.pop("answered", None))
    for name in ("asked", "before", "after"):
        columns[name] = sanitize.to_json(columns.get(name) or {})
    for name, length in MAX_LENGTHS.items():
        if name in columns:
            columns[name] = sanitize.one_line(columns[name], length)
    AuditEntry.objects.create(
        at=now,
        kind=kind,
        action_id=trail.action_id,
        action=trail.action,
        outcome=outcome,
        hold_id=trail.hold_id if hold_id is None else hold_id,
        **columns,
    )
    if outcome and trail.by is not None:
        transaction.on_commit(partial(last_recorded.set, trail.by.request_id))


def _actor_columns(by: Actor | None) -> dict[str, Any]:
    if by is None:
        return {"actor_name": SYSTEM, "user_agent": origin.command}
    return {
        "actor_id": by.user.pk,
        "actor_name": str(by.user),
        "address": by.address,
        "user_agent": by.user_agent,
        "request_id": by.request_id,
    }


def _answer_columns(answered: Exchange | None) -> dict[str, Any]:
    if answered is None:
        return {}
    return {
        "answered_method": answered.method,
        "answered_path": answered.path,
        "status": answered.status,
        "milliseconds": answered.milliseconds,
        "upstream_request_id": answered.request_id,
    }
