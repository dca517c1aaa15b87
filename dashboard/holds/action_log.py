"""Record one action in the audit: its refusal, or its intent, its steps and its outcome."""

from __future__ import annotations

import contextvars
import uuid
from datetime import datetime
from typing import Any

from dashboard.accounts.actors import Actor
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.calcom import CalcomError, Exchange
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome

COLLECTION = "/v2/slots/reservations"
ONE = "/v2/slots/reservations/{uid}"
TOO_LONG = "took_too_long"  # error code of an action that outlasted its claim

# Id of the last request of this thread that sent a call: for the page of an error that follows.
last_sender: contextvars.ContextVar[str] = contextvars.ContextVar("last_sender", default="")


class ActionLog:
    """The audit entries of one action, with the answer to its last call.

    ``by`` is who acts, None the system; ``asked`` is what the audit keeps of the request. Each
    method is one INSERT; the caller owns the transaction.
    """

    def __init__(
        self,
        action: AuditEntry.Action,
        *,
        by: Actor | None,
        asked: dict[str, Any],
        hold_id: int | None,
    ) -> None:
        self.action = action
        self.by = by
        self.way = ""  # which of the ways to extend and move it went
        self.exchange: Exchange | None = None
        self.error: CalcomError | None = None
        self.asked = asked
        self._hold_id = hold_id
        self._trail: trail.Trail | None = None

    @property
    def has_started(self) -> bool:
        return self._trail is not None

    def sending(self) -> None:
        """Forget the answer before, as a call is about to be sent."""
        self.exchange, self.error = None, None
        last_sender.set(self.by.request_id if self.by else "")

    def refusal(self, error: HoldError, *, now: datetime) -> None:
        """Record an action that was refused before cal.com was asked."""
        trail.event(
            action=self.action,
            by=self.by,
            outcome=error.outcome,
            hold_id=self._hold_id,
            asked=self.asked,
            error_code=str(error.cause),
            message=error.logged,
            now=now,
        )

    def intent(
        self,
        hold: Hold | None,
        action_id: uuid.UUID,
        method: str,
        before: Fields,
        reason: str = "",
        *,
        now: datetime,
    ) -> None:
        """Record what is about to be asked."""
        self._trail = trail.intent(
            action=self.action,
            action_id=action_id,
            by=self.by,
            hold_id=hold.pk if hold else None,
            asked=self.asked,
            before=before,
            method=method,
            path=COLLECTION if method == "POST" else ONE,
            reason=reason,
            now=now,
        )

    def step(self, method: str, *, cause: str = "", now: datetime) -> None:
        """Record the next call, if there is one, and the answer to the one before."""
        trail.step(
            self._started(),
            method=method,
            path={"": "", "POST": COLLECTION}.get(method, ONE),
            answered=self.exchange,
            error_code=cause or self._error_code(),
            message=self.error.message if self.error else "",
            now=now,
        )

    def outcome(self, outcome: AuditEntry.Outcome, *, hold_id: int | None, **said: Any) -> None:
        """Record the outcome. ``hold_id`` names a hold that the action found or made only now."""
        trail.outcome(self._started(), hold_id=hold_id, **self._outcome(outcome, **said))

    def was_closed(self) -> bool:
        """Return whether another process has recorded the outcome."""
        if self._trail is None:
            return False
        return AuditEntry.objects.has_ended(self._trail.action_id)

    def too_late(self, *, now: datetime) -> None:
        """Record the end of an action that outlasted its claim.

        The one who closed the claim has written the outcome; then only the answer is added.
        """
        said = self._outcome(Outcome.UNKNOWN, after={}, cause=TOO_LONG, now=now)
        if not trail.outcome_once(self._started(), **said):
            self.step("", cause=TOO_LONG, now=now)

    def _outcome(
        self,
        outcome: AuditEntry.Outcome,
        *,
        after: Fields,
        cause: str = "",
        reason: str = "",
        now: datetime,
    ) -> dict[str, Any]:
        return {
            "outcome": outcome,
            "after": after | {"way": self.way} if self.way else after,
            "answered": self.exchange,
            "error_code": cause or self._error_code(),
            "message": self.error.message if self.error else "",
            "reason": reason,
            "now": now,
        }

    def _started(self) -> trail.Trail:
        if self._trail is None:
            raise RuntimeError("the action has not started")
        return self._trail

    def _error_code(self) -> str:
        return str(self.error.cause) if self.error else ""
