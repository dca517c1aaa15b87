"""Timeline: one line for people from the entries of each action."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language, gettext as _

from dashboard.audit import action_labels, details, formatting, former_clients
from dashboard.audit.action_entries import ActionEntries, LoggedCall
from dashboard.audit.action_labels import UNDER_WAY, UNFINISHED, ActorLabel
from dashboard.audit.lookalikes import ambiguous
from dashboard.audit.models import MAX_SILENCE, AuditEntry
from dashboard.audit.trail import Action, Outcome
from dashboard.localization import local_times, marking

HOLD_LINK = '<a href="%(log)s?find=hold:%(number)s">%(hold)s</a>'
ROW = SafeString("""
<tr id="action-%(number)s"%(css_class)s>
  <th scope="row">
    <a href="%(url)s"><time datetime="%(iso)s">%(day)s <b>%(clock)s</b></time></a>
  </th>
  <td>%(actor)s %(did)s%(details)s</td>
  <td>%(tag)s</td>
</tr>""")
TROUBLE = SafeString(' class="trouble"')
CLIENT = '<bdi translate="no">%(client)s</bdi>'
CLIENT_LINK = f'<a href="%(log)s?find=client:%(number)s">{CLIENT}</a>'


@dataclass(frozen=True)
class Line:
    """One action, from its first entry to its outcome, in a person's language and time zone."""

    entry_id: int  # of the first entry
    action_id: uuid.UUID
    at: datetime
    action: str
    as_booked: bool  # a release that ended the hold as booked
    verdict: str  # an outcome, or UNDER_WAY or UNFINISHED
    actor: ActorLabel
    target: str  # a person, calendar, file or page, "" for an action on a hold
    slot: str  # when the slot of the hold starts, "" where no entry has it
    client: str  # the name of then, as the hold has it
    is_former: bool  # the hold is for another client now
    is_erased: bool  # the hold named a client once
    clauses: tuple[str, ...]  # clauses for everyone
    technical: tuple[str, ...]  # clauses for the log: how it was done at cal.com
    calls: list[LoggedCall]
    hold_id: int | None
    has_hold: bool  # False also for the number of no hold
    log_url: str  # address of the log

    @property
    def is_finding(self) -> bool:
        """True for an action that was left without an outcome."""
        return self.verdict == UNFINISHED

    @property
    def is_trouble(self) -> bool:
        """True for an action that ended otherwise than done, or was left without an outcome."""
        return self.verdict not in (Outcome.OK, UNDER_WAY)

    @property
    def tag(self) -> SafeString:
        """Verdict as HTML."""
        return action_labels.tag(self.verdict, get_language())

    @property
    def did(self) -> str:
        """Phrase for a log of all holds: "extended the hold of … for …"."""
        for_client = self.for_client % {"client": self.client}
        did = self.phrase % {"it": f"{self.it} {for_client}".rstrip()}
        return f"{did}: {self.target}" if self.target else did

    @property
    def it(self) -> str:
        """Hold as the object of the sentence."""
        return self.hold_phrase % {"slot": self.slot, "number": self.hold_id}

    @property
    def did_with_links(self) -> SafeString:
        """Phrase with links to the stories of the hold and of its client."""
        if self.hold_id is None:
            return escape(self.did)
        return marking.filled(
            with_links(self.phrase, self.hold_phrase, self.for_client, self.is_former),
            log=self.log_url,
            slot=self.slot,
            number=self.hold_id,
            client=self.client,
        )

    # What follows has places for values.
    @property
    def hold_phrase(self) -> str:
        """Hold by its slot, its number, or neither: "the hold of %(slot)s"."""
        if self.slot:
            return _("the hold of %(slot)s")
        return _("a hold") if self.hold_id is None else _("hold %(number)s")

    @property
    def for_client(self) -> str:
        """Phrase "for %(client)s", or another one; "" without a client, or if the action has it."""
        if self.action == Action.ERASE:
            return ""
        if self.is_erased:
            return _("for a client who was erased")
        return _("for %(client)s") if self.client else ""

    @property
    def phrase(self) -> str:
        """Phrase such as "extended %(it)s"."""
        return action_labels.action_phrase(self.action, self.verdict, as_booked=self.as_booked)

    @property
    def did_it(self) -> str:
        """Phrase for the page of the hold: "extended it"."""
        return self.phrase % {"it": _("it")}

    @property
    def clauses_text(self) -> SafeString:
        """Clauses for everyone, with the comma before them."""
        return joined(self.clauses)

    @property
    def details_text(self) -> SafeString:
        """All clauses, with the comma before them."""
        return joined(self.clauses + self.technical)

    @property
    def sentence(self) -> SafeString:
        """Whole sentence: actor, phrase and clauses."""
        who, did = self.actor.who, self.did
        return marking.filled(_("%(who)s %(did)s"), who=who, did=did) + self.details_text

    @property
    def url(self) -> str:
        """Address of the page with all entries of the action."""
        return f"{self.log_url}{self.entry_id}/"

    @cached_property
    def row(self) -> SafeString:
        """Row of the log's table, in a quarter of the time that a template takes."""
        return marking.filled(
            ROW,
            number=self.entry_id,
            css_class=TROUBLE if self.is_trouble else "",
            url=self.url,
            iso=local_times.iso(self.at),
            day=local_times.day_and_year(self.at),
            clock=local_times.clock(self.at),
            actor=self.actor.html_with_link,
            did=self.did_with_links,
            details=self.details_text,
            tag=self.tag,
        )


def joined(clauses: Sequence[str]) -> SafeString:
    """Return clauses as they follow a phrase; "" for none."""
    text = "; ".join(map(marking.escaped, clauses))
    return SafeString(f", {text}" if clauses else "")  # nosec B703: each is escaped


@lru_cache(maxsize=1024)  # of a few phrases, which every line has
def with_links(phrase: str, hold_phrase: str, for_client: str, is_former: bool) -> SafeString:
    """Return a phrase as HTML, with links to the stories of the hold and its present client."""
    sentence = phrase if "%(it)s" in phrase else f"{phrase} · %(it)s"
    to_hold = HOLD_LINK.replace("%(hold)s", marking.escaped(hold_phrase))
    client = CLIENT if is_former else CLIENT_LINK
    to_client = marking.escaped(for_client).replace("%(client)s", client)
    it = f"{to_hold} {to_client}".rstrip()
    return SafeString(marking.escaped(sentence).replace("%(it)s", it))  # nosec B703: escaped


def lines_of(rows: Iterable[Any], *, now: datetime, viewer: int | None = None) -> list[Line]:
    """Return one line per action, the one that began last first.

    ``rows`` are those of ``AuditEntryQuerySet.with_names``, in any order.
    ``viewer`` is the primary key of the reader, who is called *you*.
    """
    actions: dict[uuid.UUID | None, list[Any]] = {}
    in_order = sorted(rows, key=attrgetter("id"))
    for row in in_order:
        actions.setdefault(row.action_id, []).append(row)
    with_username = ambiguous(in_order)
    page = (reverse("audit"), get_language(), get_current_timezone(), formatting.title_age())
    lines = [
        line_of(
            tuple(each),
            is_recent(each[-1].at, now),
            each[0].id in with_username,
            viewer if each[0].actor_id == viewer else None,
            *page,
        )
        for each in actions.values()
    ]
    return lines[::-1]


def is_recent(at: datetime | None, now: datetime) -> bool:
    """Return True for the last entry of an action that may be under way."""
    # An entry from ahead of the local clock was written before the clock was set back.
    return at is not None and abs(now - at) <= MAX_SILENCE


# Kept, because people go back and forth in the log, and follow it. What a line shows is in its
# arguments, so a name that was erased, or an entry that was damaged, makes another one.
@lru_cache(maxsize=500)
def line_of(
    rows: tuple[Any, ...],
    is_recent: bool,
    is_ambiguous: bool,
    viewer: int | None,
    log_url: str,
    _language: str,
    _zone: tzinfo,
    _title_age: float,
) -> Line:
    """Return the line of one action; ``rows`` are all its entries, oldest first."""
    entries = [AuditEntry.of_row(row) for row in rows]
    first, last = entries[0], entries[-1]
    action = ActionEntries(entries)
    verdict = action.closing.outcome if action.closing else UNDER_WAY if is_recent else UNFINISHED
    clauses = tuple(details.clauses(action))
    if verdict == UNFINISHED:
        last_time = formatting.time_near(last.at, first.at)
        clauses = (*clauses, _("no record after %(time)s") % {"time": last_time})
    named = next((entry for entry in reversed(entries) if entry.hold_id is not None), first)
    if named.end_note and (first.action, verdict) == (Action.RELEASE, Outcome.OK):
        clauses = (*clauses, details.quoted(named.end_note))
    known = named.former_clients, named.client_name or "", first.at
    names = former_clients.names_since(*known)
    clauses += tuple(details.client_clauses(first, *former_clients.names_around(*known)))
    return Line(
        entry_id=first.pk,
        action_id=first.action_id,
        at=first.at,
        action=first.action,
        as_booked=action.is_noted_as_booked,
        verdict=verdict,
        actor=action_labels.actor_label(first, viewer, with_username=is_ambiguous),
        target=details.target(first),
        slot=details.slot_time(action),
        client=names[0] or "",
        is_former=names[0] != names[-1],
        is_erased=named.erased_at is not None or names[0] is None,
        clauses=clauses,
        technical=tuple(details.technical_clauses(action)),
        calls=action.calls,
        hold_id=named.hold_id,
        has_hold=named.client_name is not None,
        log_url=log_url,
    )
