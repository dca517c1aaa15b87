"""The entries of one action, and what they say together."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import Action, Kind, Outcome


class LoggedCall(NamedTuple):
    """A call to cal.com: the entry before it was sent, and the next one, None without any."""

    asked: AuditEntry
    next: AuditEntry | None

    @property
    def answer(self) -> AuditEntry | None:
        """Return the entry with the answer, None where there was none."""
        return self.next if self.next and self.next.status is not None else None


class ActionEntries:
    """All entries of one action, oldest first; at least one."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        self.first = entries[0]
        ends = [each for each in entries if each.kind in (Kind.OUTCOME, Kind.EVENT)]
        # The entry with the outcome, None while there is none.
        self.closing = closing = ends[-1] if ends else None
        following = [*entries[1:], None]
        pairs = zip(entries, following, strict=True)
        self.calls = [LoggedCall(entry, after) for entry, after in pairs if entry.method]
        self.asked: dict[str, Any] = self.first.asked
        self.before = self.first.before | (closing.before if closing else {})
        self.after: dict[str, Any] = closing.after if closing else {}
        self.reason = (closing.reason if closing else "") or self.first.reason

    @property
    def is_done(self) -> bool:
        return self.closing is not None and self.closing.outcome == Outcome.OK

    @property
    def is_noted_as_booked(self) -> bool:
        """Return True for a release that ended the hold as booked, because staff said so."""
        if self.first.action != Action.RELEASE or self.closing is None:
            return False
        return (self.after.get("state"), self.closing.reason) == ("booked", "booked")
