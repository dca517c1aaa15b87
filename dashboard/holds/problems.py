"""The one error that verbs raise, and the row of the table that it is made from."""

from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum

from django.utils.functional import Promise

from dashboard.audit.trail import Outcome
from dashboard.holds.models import Hold

Text = str | Promise


class Doubt(StrEnum):
    """Question that a page can put before a time is held; the value is the cause of the error."""

    HOST_BUSY = "host_busy"
    NOT_OFFERED = "not_offered"
    MORE_THAN_HOSTS = "more_than_hosts"


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


@dataclass(eq=False, kw_only=True)
class HoldError(Exception):
    """Raised by a verb that did not do what was asked, in the words that staff read.

    ``safe`` answers "is my hold safe?"; ``logged`` is for the log: ``happened``, or the message
    beside a field, in the office's language and zone. ``outcome`` is the effect at cal.com,
    ``status`` the HTTP status of the response, ``cause`` the code that the audit stores.
    ``details`` is cal.com's own message, cleansed; ``wait`` is in seconds; ``others`` are holds of
    this office that overlap the requested time; ``fields`` are messages by form field.
    ``retake_minutes`` offers to delete the reservation and to make it again for so long, which only
    a person may choose.
    """

    happened: str
    safe: str
    what_now: str
    logged: str
    outcome: Outcome
    status: int
    cause: str
    details: str = ""
    wait: int | None = None
    others: tuple[Hold, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    hold: Hold | None = None
    retake_minutes: int | None = None

    def __str__(self) -> str:
        return f"{self.cause}: {self.happened}"

    @property
    def is_beside_fields(self) -> bool:
        """Return True where the messages beside the fields say all that happened."""
        is_of_fields = self.cause == "our_rule" and bool(self.fields)
        return is_of_fields and self.happened not in self.fields.values()

    @property
    def asks(self) -> bool:
        """Return True for a doubt, which a person may confirm."""
        return self.cause in set(Doubt)
