"""The one error that verbs raise, and the row of the table that it is made from."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from django.utils.functional import Promise

from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold

Outcome = AuditEntry.Outcome
Text = str | Promise


@dataclass(frozen=True, slots=True)
class Message:
    """One row of ``message_table``.

    Texts are lazy and may name values as ``%(name)s``. ``safe`` is empty where the caller says
    whether the hold is safe. ``cause`` is what the audit stores if it is not the key of the row.
    ``field`` is the form field that the message belongs to, ``beside`` the text shown there
    (``happened`` if empty).
    """

    happened: Text
    safe: Text
    what_now: Text
    _: KW_ONLY
    status: int = 409
    outcome: Outcome = Outcome.REFUSED
    cause: str = ""
    field: str = ""
    beside: Text = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as staff read it: what happened, is my hold safe, what now.

    ``details`` is cal.com's own message, cleansed. ``wait`` is in seconds. ``others`` are holds
    of this office that overlap the requested time.
    """

    happened: str
    safe: str
    what_now: str
    details: str = ""
    wait: int | None = None
    others: tuple[Hold, ...] = ()


class HoldError(Exception):
    """Raised by a verb that did not do what was asked.

    ``outcome`` is the effect at cal.com, ``status`` the HTTP status of the response, ``cause`` the
    code that the audit stores, ``fields`` are messages by form field, ``hold`` is the hold
    concerned. ``logged`` is ``problem.happened`` in the office's language and zone, for the log.
    ``was_sent`` is set by the operation: cal.com was asked, so what failed is not only here.
    """

    def __init__(
        self,
        row: Message,
        problem: Problem,
        *,
        logged: str,
        fields: Mapping[str, str] | None,
        hold: Hold | None,
    ) -> None:
        super().__init__(f"{row.cause}: {problem.happened}")
        self.problem = problem
        self.outcome, self.status, self.cause = row.outcome, row.status, row.cause
        self.logged = logged
        self.fields = dict(fields or {})
        self.hold = hold
        self.was_sent = False

    @property
    def retake(self) -> bool:
        """Offer to delete the reservation and make it again, which only a person may choose."""
        return self.cause == "retake_needed"

    @property
    def asks(self) -> bool:
        """Return True for a question of ``promises.Doubt``, which a person may confirm."""
        return self.cause in {"not_offered", "more_than_hosts", "host_busy"}
