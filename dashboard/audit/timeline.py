"""Timeline: fold the entries of each action into one line for people."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboard.audit import action_labels, details, values
from dashboard.audit.action_labels import UNDER_WAY, UNFINISHED, Tag
from dashboard.audit.details import Call
from dashboard.audit.models import AuditEntry
from dashboard.audit.names import Names

Kind = AuditEntry.Kind
MARK = "\0"  # of the hold in a phrase

# An action without an outcome and without a new entry for so long counts as unfinished. This is
# longer than a change with all its calls may take.
MAX_SILENCE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Line:
    """One action, from its first entry to its outcome."""

    entry_id: int  # of the first entry
    action_id: uuid.UUID
    at: datetime
    action: str
    as_booked: bool  # a release that ended the hold as booked
    verdict: str  # an outcome, or UNDER_WAY or UNFINISHED
    who: str
    name: str  # of who it was; on paper "you" could be anyone
    by_system: bool
    it: str  # the hold as the object of the sentence
    client: str  # the name as the hold has it now
    is_erased: bool  # the hold named a client once
    story: str  # a search for the story of the person who acted, "" without one
    clauses: tuple[str, ...]  # clauses for everyone
    technical: tuple[str, ...]  # clauses for the log: how it was done at cal.com
    calls: list[Call]
    hold_id: int | None
    hold: Any  # the model instance, for templates

    @property
    def finding(self) -> bool:
        """True for an action that was left without an outcome."""
        return self.verdict == UNFINISHED

    @property
    def is_trouble(self) -> bool:
        """True for an action that ended otherwise than done, or was left without an outcome."""
        return self.verdict not in (AuditEntry.Outcome.OK, UNDER_WAY)

    @property
    def tag(self) -> Tag:
        return action_labels.TAGS.get(self.verdict) or Tag(self.verdict, "", "refused")

    @property
    def did(self) -> str:
        """Phrase for a log of all holds: "extended the hold of … for …"."""
        return self.phrase(f"{self.it} {self.for_client(self.client)}".rstrip())

    @property
    def did_with_links(self) -> SafeString:
        """Phrase with links to the stories of the hold and of its client."""
        if self.hold_id is None:
            return escape(self.did)
        log = reverse("audit")
        hold = format_html('<a href="{}?find=hold:{}">{}</a>', log, self.hold_id, self.it)
        link = '<a href="{}?find=client:{}"><bdi translate="no">{}</bdi></a>'
        client = self.client and format_html(link, log, self.hold_id, self.client)
        linked = SafeString(f"{hold} {self.for_client(client)}".rstrip())  # nosec B703: escaped
        before, has_hold, after = self.phrase(MARK).partition(MARK)
        return format_html("{}{}{}" if has_hold else "{} · {}", before, linked, after)

    def for_client(self, client: str) -> str:
        """Return "for …", "" for a hold that never named a client."""
        if self.is_erased:
            return _("for a client who was erased")
        return _("for %(client)s") % {"client": client} if client else ""

    def phrase(self, subject: str) -> str:
        return action_labels.action_phrase(
            self.action, self.verdict, subject, as_booked=self.as_booked
        )

    @property
    def did_it(self) -> str:
        """Phrase for the page of the hold: "extended it"."""
        return self.phrase(_("it"))

    @property
    def clauses_text(self) -> str:
        """Clauses for everyone, with the comma before them."""
        return joined(self.clauses)

    @property
    def details_text(self) -> str:
        """All clauses, with the comma before them."""
        return joined(self.clauses + self.technical)

    @property
    def sentence(self) -> str:
        """Whole sentence: actor, phrase and clauses."""
        text = _("%(who)s %(did)s") % {"who": self.who, "did": self.did}
        return f"{text}{self.details_text}"

    @property
    def url(self) -> str:
        """Address of the page with all entries of the action."""
        return reverse("audit-entry", args=[self.entry_id])


def joined(clauses: Sequence[str]) -> str:
    """Return clauses as they follow a phrase; "" for none."""
    return f", {'; '.join(clauses)}" if clauses else ""


def fold(entries: Iterable[AuditEntry], *, now: datetime, viewer: int | None = None) -> list[Line]:
    """Return one line per action, the one that began last first; entries in any order.

    ``viewer`` is the primary key of the reader, who is called *you*.
    """
    actions: dict[uuid.UUID, list[AuditEntry]] = {}
    in_order = sorted(entries, key=lambda entry: entry.pk)
    for entry in in_order:
        actions.setdefault(entry.action_id, []).append(entry)
    names = Names(in_order)
    lines = [fold_action(each, now, viewer, names) for each in actions.values()]
    return lines[::-1]


def fold_action(entries: list[AuditEntry], now: datetime, viewer: int | None, names: Names) -> Line:
    """Return the line of one action; ``entries`` are all its entries, oldest first."""
    first, last = entries[0], entries[-1]
    closing = next((e for e in reversed(entries) if e.kind in (Kind.OUTCOME, Kind.EVENT)), None)
    # An entry from ahead of the local clock was written before the clock was set back.
    is_recent = abs(now - last.at) <= MAX_SILENCE
    verdict = closing.outcome if closing else UNDER_WAY if is_recent else UNFINISHED
    calls = details.calls_of(entries)
    clauses = tuple(details.clauses(first, closing, calls))
    if verdict == UNFINISHED:
        last_time = values.time_near(last.at, first.at)
        clauses = (*clauses, _("no record after %(time)s") % {"time": last_time})
    is_ambiguous = names.is_ambiguous(first)
    named = next((entry for entry in reversed(entries) if entry.hold_id is not None), first)
    return Line(
        entry_id=first.pk,
        action_id=first.action_id,
        at=first.at,
        action=first.action,
        as_booked=action_labels.is_noted_as_booked(first, closing),
        verdict=verdict,
        who=action_labels.actor_label(first, viewer, with_username=is_ambiguous),
        name=action_labels.actor_label(first, None, with_username=is_ambiguous),
        by_system=action_labels.is_by_system(first),
        it=action_labels.hold_phrase(details.slot_time(first, closing), named.hold_id),
        client=named.hold.client_name if named.hold else "",
        is_erased=named.hold is not None and named.hold.erased_at is not None,
        story=action_labels.story_of_actor(first),
        clauses=clauses,
        technical=tuple(details.technical_clauses(first, closing, calls)),
        calls=calls,
        hold_id=named.hold_id,
        hold=named.hold,
    )
