"""An extension or a move that somebody asked for, and how each way of doing it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.holds import endings, messages, starting
from dashboard.holds.calls import Action, Stopwatch
from dashboard.holds.changes import Spot
from dashboard.holds.claims import Asking
from dashboard.holds.models import Hold, Upstream


@dataclass(frozen=True, slots=True)
class Alteration:
    """The hold as it is, and where it is to be. ``asked`` is what the audit keeps of the wish."""

    hold: Hold
    verb: AuditEntry.Action
    target: Spot
    by: Actor
    asked: dict[str, Any]
    known: Upstream
    watch: Stopwatch

    @property
    def origin(self) -> Spot:
        return Spot.of(self.hold)

    def needs(self, calls: int) -> None:
        """Raises HoldError when the last known rate allowance does not cover so many calls."""
        now = self.watch.now()
        safe = messages.still_yours(self.hold, self.known.at(now))
        starting.room_for(calls, known=self.known, now=now, safe=safe)

    def begin(
        self,
        first: tuple[str, str],
        *,
        planned: int,
        asking: Asking | None = None,
        change: dict[str, Any] | None = None,
        make: starting.Claim | None = None,
        last: Callable[[], None] | None = None,
    ) -> Action:
        """Claim and intent, as ``starting.claiming`` says. Raises HoldError."""
        return starting.begin(
            action=self.verb,
            by=self.by,
            asked=self.asked,
            before=endings.snapshot(self.hold),
            first=first,
            planned=planned,
            known=self.known,
            watch=self.watch,
            claim=starting.claiming(
                self.hold,
                verb=str(self.verb),
                by=self.by,
                watch=self.watch,
                asking=asking,
                change=change,
                first=make,
                last=last,
            ),
            hold_id=self.hold.pk,
        )
