"""The only writer of the audit log.

Each function is one INSERT. The caller owns the transaction: an intent has to be committed before
its call is sent, an outcome in the transaction that records its effect.
``by=None`` is the system.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import IntegrityError, transaction

from dashboard.audit import text
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry

Action = AuditEntry.Action
Kind = AuditEntry.Kind
Outcome = AuditEntry.Outcome

SYSTEM = "system"
UNKNOWN = "?"  # with a sign after it, in the place of a name that nobody has
_LONGEST_MESSAGE = 2000
_LARGEST = 2**31 - 1
_LENGTHS = {
    field.name: field.max_length or _LONGEST_MESSAGE
    for field in AuditEntry._meta.local_fields
    if field.get_internal_type() in ("CharField", "TextField")
}


class Answered(Protocol):
    """What the log keeps of a call that was made; calcom's ``Exchange`` is one."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def milliseconds(self) -> int: ...
    @property
    def request_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Trail:
    """An action that has begun: what all its entries have in common."""

    action_id: uuid.UUID
    action: Action
    hold_id: int | None
    actor_id: int | None  # None is the system, or nobody known
    actor_name: str
    address: str = ""
    user_agent: str = ""
    request_id: str = ""


def intent(
    *,
    action: Action,
    by: Actor | None,
    hold_id: int | None = None,
    asked: Mapping[str, object],
    before: Mapping[str, object] | None = None,
    method: str = "",
    path: str = "",
    reason: str = "",
    action_id: uuid.UUID | None = None,
    now: datetime,
) -> Trail:
    """Write down what is about to be asked, and of whom: ``method`` and ``path`` of the first call.

    ``path`` is a template, never with a uid; ``reason`` a code, never free text. An ``action_id``
    may be given by who already uses it, for a claim.
    """
    trail = _begin(action_id or uuid.uuid4(), action, by, hold_id)
    _write(
        trail,
        Kind.INTENT,
        now,
        asked=asked,
        before=before,
        method=method,
        path=path,
        reason=reason,
    )
    return trail


def resume(
    *, action_id: uuid.UUID, action: Action, by: Actor | None, hold_id: int | None = None
) -> Trail:
    """Take up an action whose process died, to add the steps and the outcome that it lacks.

    Writes nothing by itself. The new entries name ``by``; the first one still names who began.
    """
    return _begin(action_id, action, by, hold_id)


def step(
    trail: Trail,
    *,
    method: str,
    path: str,
    answered: Answered | None,
    error_code: str = "",
    message: str = "",
    now: datetime,
) -> None:
    """Write down the next call, before it is sent, and what came of the one before it.

    ``error_code`` and ``message``, cal.com's cleansed words, are set where that one failed.
    """
    _write(
        trail,
        Kind.STEP,
        now,
        answered=answered,
        method=method,
        path=path,
        error_code=error_code,
        message=message,
    )


def outcome(
    trail: Trail,
    *,
    outcome: Outcome,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    answered: Answered | None = None,
    error_code: str = "",
    message: str = "",
    reason: str = "",
    hold_id: int | None = None,
    now: datetime,
) -> None:
    """Write down how it ended. ``hold_id`` names one that exists only since the action began.

    Raises IntegrityError for an action that has ended already.
    """
    _write(
        trail,
        Kind.OUTCOME,
        now,
        answered=answered,
        outcome=outcome,
        before=before,
        after=after,
        error_code=error_code,
        message=message,
        reason=reason,
        **({} if hold_id is None else {"hold_id": hold_id}),
    )


def outcome_once(trail: Trail, **said: Any) -> bool:
    """The same where others may be ending the action too; False: one of them has written it."""
    try:
        with transaction.atomic():
            outcome(trail, **said)
    except IntegrityError:
        if not AuditEntry.objects.has_ended(trail.action_id):
            raise
        return False
    return True


def event(
    *,
    action: Action,
    by: Actor | None,
    outcome: Outcome = Outcome.OK,
    hold_id: int | None = None,
    asked: Mapping[str, object] | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    error_code: str = "",
    message: str = "",
    reason: str = "",
    address: str = "",
    user_agent: str = "",
    actor_name: str = "",
    request_id: str = "",
    now: datetime,
) -> None:
    """Write down an action that needed no call, whole in one entry.

    The last four texts describe somebody who is not signed in, and go before what ``by`` says.
    """
    said: dict[str, Any] = {
        "actor_name": actor_name,
        "address": address,
        "user_agent": user_agent,
        "request_id": request_id,
    }
    _write(
        _begin(uuid.uuid4(), action, by, hold_id),
        Kind.EVENT,
        now,
        outcome=outcome,
        asked=asked,
        before=before,
        after=after,
        error_code=error_code,
        message=message,
        reason=reason,
        **{name: value for name, value in said.items() if value},
    )


def _begin(action_id: uuid.UUID, action: Action, by: Actor | None, hold_id: int | None) -> Trail:
    if by is None:
        return Trail(action_id, action, hold_id, None, SYSTEM)
    return Trail(
        action_id,
        action,
        hold_id,
        by.user.pk,
        str(by.user),
        by.address,
        by.user_agent,
        by.request_id,
    )


def _write(
    trail: Trail, kind: Kind, now: datetime, answered: Answered | None = None, **columns: Any
) -> None:
    """Insert the entry: the one place where a row comes into being."""
    columns = {
        "actor_name": trail.actor_name,
        "hold_id": trail.hold_id,
        "address": trail.address,
        "user_agent": trail.user_agent,
        "request_id": trail.request_id,
        **_of_answer(answered),
        **columns,
    }
    for name in ("asked", "before", "after"):
        columns[name] = text.json(columns.get(name) or {})
    for name, length in _LENGTHS.items():
        if name in columns:
            columns[name] = text.plain(columns[name], length)
    AuditEntry.objects.create(
        at=now,
        kind=kind,
        action_id=trail.action_id,
        action=trail.action,
        actor_id=trail.actor_id,
        **columns,
    )


def _of_answer(answered: Answered | None) -> dict[str, Any]:
    if answered is None:
        return {}
    return {
        "answered_method": answered.method,
        "answered_path": answered.path,
        "status": answered.status,
        "milliseconds": min(max(answered.milliseconds, 0), _LARGEST),
        "upstream_request_id": answered.request_id,
    }
