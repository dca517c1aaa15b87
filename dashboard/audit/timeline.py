"""Folds the entries of one action into one line that people read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.audit import action_labels, details
from dashboard.audit.action_labels import UNDER_WAY, UNFINISHED
from dashboard.audit.models import AuditEntry

Kind = AuditEntry.Kind

# After so long without a word an action is not under way any more: longer than a change with
# all its calls may take.
PATIENCE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Call:
    """One call to cal.com: written down before it was sent, answered in the entry after."""

    asked_at: datetime
    method: str
    path: str
    answered: bool  # False: no later entry says what came of it
    status: int | None = None
    milliseconds: int | None = None
    request_id: str = ""
    error_code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One action, from its first entry to its outcome."""

    entry_id: int  # of the entry that opened it
    action_id: uuid.UUID
    at: datetime
    action: str
    verdict: str  # an outcome, or UNDER_WAY or UNFINISHED
    who: str
    it: str  # the hold, where the line stands by itself
    details: tuple[str, ...]
    calls: tuple[Call, ...]
    duration: timedelta | None
    hold_id: int | None
    hold: Any  # the hold itself, for a template to show

    @property
    def finding(self) -> bool:
        """Whether nobody knows how it ended."""
        return self.verdict == UNFINISHED

    @property
    def verdict_word(self) -> str:
        return str(action_labels.VERDICTS.get(self.verdict, self.verdict))

    @property
    def did(self) -> str:
        """What was done, where the line stands by itself: extended the hold of …"""
        return action_labels.did(self.action, self.verdict, self.it)

    @property
    def did_it(self) -> str:
        """What was done, beneath the hold that it was done to: extended it."""
        return action_labels.did(self.action, self.verdict, _("it"))

    @property
    def told(self) -> str:
        """The clauses after the verb, with the comma that leads them in."""
        return f", {'; '.join(self.details)}" if self.details else ""

    @property
    def sentence(self) -> str:
        """All of it, for a place that knows nothing else of the action."""
        said = _("%(who)s %(did)s") % {"who": self.who, "did": self.did}
        return f"{said}{self.told}"

    @property
    def url(self) -> str:
        """The page with all of its entries."""
        return reverse("audit-entry", args=[self.entry_id])


def fold(
    entries: Iterable[AuditEntry],
    *,
    now: datetime,
    viewer: int | None = None,
    patience: timedelta = PATIENCE,
) -> list[Line]:
    """Turn entries, in any order, into lines: the action that began last comes first.

    ``viewer`` is the primary key of the person who reads, who is then called *you*.
    """
    actions: dict[uuid.UUID, list[AuditEntry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.pk):
        actions.setdefault(entry.action_id, []).append(entry)
    lines = [_line(each, now, viewer, patience) for each in actions.values()]
    return sorted(lines, key=lambda line: line.entry_id, reverse=True)


def _line(
    entries: list[AuditEntry], now: datetime, viewer: int | None, patience: timedelta
) -> Line:
    first, last = entries[0], entries[-1]
    closing = next((e for e in reversed(entries) if e.kind in (Kind.OUTCOME, Kind.EVENT)), None)
    waiting = UNDER_WAY if now - last.at <= patience else UNFINISHED
    verdict = closing.outcome if closing else waiting
    calls = tuple(_calls(entries))
    told = tuple(details.of(first, closing, calls))
    if verdict == UNFINISHED:
        told = (*told, details.silence(first, last))
    named = next((entry for entry in reversed(entries) if entry.hold_id is not None), first)
    return Line(
        entry_id=first.pk,
        action_id=first.action_id,
        at=first.at,
        action=first.action,
        verdict=verdict,
        who=action_labels.who(first, viewer),
        it=action_labels.the_hold(details.slot(first, closing), named.hold_id),
        details=told,
        calls=calls,
        duration=closing.at - first.at if closing and calls else None,
        hold_id=named.hold_id,
        hold=named.hold,
    )


def _calls(entries: list[AuditEntry]) -> Iterator[Call]:
    for asked, told in pairwise([*entries, None]):
        if asked is None or not asked.method:
            continue
        if told is None:
            yield Call(asked.at, asked.method, asked.path, answered=False)
            continue
        yield Call(
            asked.at,
            asked.method,
            asked.path,
            answered=told.status is not None,
            status=told.status,
            milliseconds=told.milliseconds,
            request_id=told.upstream_request_id,
            error_code=told.error_code,
            message=told.message,
        )
