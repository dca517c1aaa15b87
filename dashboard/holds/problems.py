"""The one error that verbs raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold

Outcome = AuditEntry.Outcome


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure in staff language: what happened, is my hold safe, what now."""

    happened: str
    safe: str
    what_now: str
    details: str = ""  # cal.com's own words, cleansed
    wait: int | None = None  # seconds
    others: tuple[Hold, ...] = field(default=())  # holds of ours that are in the way


class HoldError(Exception):
    """A verb that did not do what was asked.

    ``outcome`` says what it means for cal.com, ``status`` is the HTTP status that fits,
    ``fields`` are messages beside form fields, ``hold`` is the one it is about, if any.
    ``retake`` offers to delete and reserve anew, which only a person may choose.
    ``logged`` is what happened in the words that the log keeps.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        outcome: AuditEntry.Outcome,
        status: int,
        cause: str,
        fields: Mapping[str, str] | None = None,
        hold: Hold | None = None,
        retake: bool = False,
    ) -> None:
        super().__init__(f"{cause}: {problem.happened}")
        self.problem = problem
        self.outcome = outcome
        self.status = status
        self.cause = cause
        self.fields = dict(fields or {})
        self.hold = hold
        self.retake = retake
        self.logged = problem.happened
