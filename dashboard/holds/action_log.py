"""Record one action in the audit: its refusal, or its intent, its steps and its outcome."""

import contextvars
from datetime import datetime
from typing import Any

from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import Outcome, Trail
from dashboard.calcom import Answer, CalcomError, endpoints
from dashboard.holds.hold_fields import Fields
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError

TOO_LONG = "took_too_long"  # error code of an action that outlasted its claim

# Id of the last request of this thread that sent more than reads: for the page of an error that
# follows.
last_sender: contextvars.ContextVar[str] = contextvars.ContextVar("last_sender", default="")


def path_of(method: str) -> str:
    """Return the path of a call as the audit keeps it, without a uid; "" without a call."""
    if not method:
        return ""
    return endpoints.RESERVATIONS if method == "POST" else endpoints.RESERVATION


class ActionLog:
    """The audit entries of one action, with the answer to its last call.

    ``asked`` is what the audit keeps of the request. The id of ``trail`` is that of the claim, too.
    Each method is one INSERT; the caller owns the transaction.
    """

    def __init__(self, begun: Trail, asked: dict[str, Any]) -> None:
        self.way = ""  # which of the ways to extend and move it went
        self.answer: Answer[Any] | CalcomError | None = None  # to the last call
        self.asked = asked
        self.has_started = False
        self.before: Fields = {}  # of the hold, for a refusal
        self.trail = begun

    def sending(self, *, writes: bool) -> None:
        """Forget the answer before, as a call is about to be sent."""
        self.answer = None
        if self.trail.by:
            if writes:
                last_sender.set(self.trail.by.request_id)
            trail.last_recorded.set("")

    def event(self, *, now: datetime, **said: Any) -> None:
        """Record an action that asks cal.com nothing, whole in one entry."""
        begun = self.trail
        trail.event(action=begun.action, by=begun.by, hold_id=begun.hold_id, now=now, **said)

    def refusal(self, error: HoldError, *, now: datetime) -> None:
        """Record an action that was refused before cal.com was asked."""
        self.event(
            asked=self.asked,
            before=self.before,
            outcome=error.outcome,
            error_code=str(error.cause),
            message=error.logged,
            now=now,
        )

    def intent(
        self, hold: Hold | None, method: str, before: Fields, reason: str = "", *, now: datetime
    ) -> None:
        """Record what is about to be asked."""
        self.trail = trail.intent(
            action=self.trail.action,
            action_id=self.trail.action_id,
            by=self.trail.by,
            hold_id=hold.pk if hold else None,
            asked=self.asked,
            before=before,
            method=method,
            path=path_of(method),
            reason=reason,
            now=now,
        )
        self.has_started = True

    def step(self, method: str, *, cause: str = "", now: datetime) -> None:
        """Record the next call, if there is one, and the answer to the one before."""
        path = path_of(method)
        trail.step(self.trail, method=method, path=path, now=now, **self._answer(cause))

    def outcome(
        self,
        outcome: Outcome,
        *,
        after: Fields,
        cause: str = "",
        reason: str = "",
        hold_id: int | None = None,
        now: datetime,
    ) -> None:
        """Record the outcome. ``hold_id`` names a hold that the action found or made only now."""
        said = self._end(after, cause)
        trail.outcome(self.trail, outcome=outcome, reason=reason, hold_id=hold_id, now=now, **said)

    def was_closed(self) -> bool:
        """Return whether another process has recorded the outcome."""
        return self.has_started and bool(AuditEntry.objects.ended_among([self.trail.action_id]))

    def too_late(self, *, now: datetime) -> None:
        """Record the end of an action that outlasted its claim.

        The one who closed the claim has written the outcome; then only the answer is added.
        """
        said = self._end({}, TOO_LONG)
        if not trail.outcome_once(self.trail, outcome=Outcome.UNKNOWN, now=now, **said):
            self.step("", cause=TOO_LONG, now=now)

    def _end(self, after: Fields, cause: str) -> dict[str, Any]:
        """Return the columns of the last answer, and what is kept of the end."""
        way = {"way": self.way} if self.way else {}
        return self._answer(cause) | {"after": after | way}

    def _answer(self, cause: str) -> dict[str, Any]:
        """Return the columns of the last answer; ``cause`` takes the place of its own."""
        error = self.answer if isinstance(self.answer, CalcomError) else None
        return {
            "answered": self.answer.exchange if self.answer else None,
            "error_code": cause or (str(error.cause) if error else ""),
            "message": error.message if error else "",
        }
