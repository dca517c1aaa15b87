"""The board: who holds what, soonest end first, on tabs; and the tag of what it shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from dashboard.audit.search import findings
from dashboard.holds import register, transfer
from dashboard.holds.models import Hold
from dashboard.holds.register import Entry, Register
from dashboard.holds.transfer import Taken
from dashboard.pages import flash, row_cache
from dashboard.pages.rows import Row, Viewer, iso, row_of

State = Hold.State

MOST_TOLD = 50
MOST_ENDED = 200
# Looking for actions without an outcome reads much of the log, which is too slow for every poll.
FINDINGS_KEPT = timedelta(seconds=30)


class Tab(models.TextChoices):
    """Which holds are shown."""

    MINE = "mine", _("Mine")
    EVERYONE = "everyone", _("Everyone")
    SOON = "soon", _("Ending soon")  # within register.SOON
    ATTENTION = "attention", _("Needs attention")
    ENDED = "ended", _("Ended")  # since the beginning of yesterday


@dataclass(frozen=True, slots=True)
class EndedLine:
    """A hold that has ended: when, why, and where to hold the same again."""

    row: Row
    ended_iso: str
    ended_day: str
    ended_clock: str
    reason: str
    again: str  # "" where the slot is past


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab, to be chosen."""

    value: str
    label: str
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Board:
    """The board for one person on one tab at one moment."""

    tab: Tab
    tabs: Sequence[TabLink]
    rows: Sequence[row_cache.Line]
    attention: Sequence[Row]
    findings: Sequence[Any]
    ended: Sequence[EndedLine]
    is_cut: bool  # more have ended than are shown
    live_count: int
    find: str
    tag: str
    updated: str


def tab_of(value: str) -> Tab:
    """The tab of that name; the whole board for any other."""
    return Tab(value) if value in Tab.values else Tab.EVERYONE


def tag(viewer: Viewer, tab: Tab, now: Register) -> str:
    """The same for as long as this person sees the same on this tab.

    Covers the last write and what time alone has changed since: who is on which tab, who has run
    out, whose change was given up, whom to warn. A weak one, as compression leaves no other.
    """
    parts = (
        tab.value,
        *row_cache.whose(viewer),
        viewer.user.pk,
        now.stamp,
        now.passed(viewer.now, viewer.at, viewer.user.pk),
        [finding.entry_id for finding in _findings(viewer.now)],
    )
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'


def board(viewer: Viewer, tab: Tab, now: Register, find: str = "") -> Board:
    """What this person sees. The number of queries does not depend on the number of holds.

    ``find`` leaves those whose client, contact or note have all its words.
    """
    calm = [entry for entry in now.entries if entry.is_calm(viewer.now)]
    troubled = [entry for entry in now.entries if not entry.is_calm(viewer.now)]
    taken = _taken(viewer)
    told_of = {entry.pk for entry in troubled} | {row.pk for row in taken}
    found = _findings(viewer.now)
    counts = {
        Tab.MINE: len(_of_tab(Tab.MINE, now.entries, viewer)),
        Tab.EVERYONE: len(now.entries),
        Tab.SOON: len(_of_tab(Tab.SOON, calm, viewer)),
        Tab.ATTENTION: len(told_of) + now.told_count(viewer.at) + len(found),
        Tab.ENDED: now.ended_count,
    }
    return Board(
        tab=tab,
        tabs=[TabLink(one, str(one.label), counts[one], one == tab) for one in Tab],
        rows=_found(find, row_cache.of(_of_tab(tab, calm, viewer), viewer, now.places)),
        attention=[
            row for row in _attention(tab, troubled, taken, viewer, now) if _fits(find, row)
        ],
        findings=found if tab in (Tab.EVERYONE, Tab.ATTENTION) and not find else [],
        ended=_found(find, _ended(viewer)) if tab == Tab.ENDED else [],
        is_cut=tab == Tab.ENDED and now.ended_count > MOST_ENDED,
        live_count=sum(1 for entry in calm if entry.state == State.HELD),
        find=find,
        tag=tag(viewer, tab, now),
        updated=" ".join(flash.when(viewer.at)),
    )


def _of_tab(tab: Tab, entries: Sequence[Entry], viewer: Viewer) -> Sequence[Entry]:
    if tab == Tab.EVERYONE:
        return entries
    if tab == Tab.MINE:
        me = viewer.user.pk
        return [entry for entry in entries if entry.holder == me]
    if tab == Tab.SOON:
        return [entry for entry in entries if entry.ends_soon(viewer.at)]
    return []


def _attention(
    tab: Tab, troubled: list[Entry], taken: list[Row], viewer: Viewer, now: Register
) -> list[Row]:
    """Holds that nobody is at work on though something is open, those that were lost, and those
    that colleagues took over."""
    if tab not in (Tab.MINE, Tab.EVERYONE, Tab.ATTENTION):
        return []
    holds = [*_troubled(troubled), *(_told(viewer) if now.told_count(viewer.at) else [])]
    rows = [row_of(hold, viewer) for hold in holds]
    shown = [row for row in rows if row.mine or tab != Tab.MINE]
    there = {row.pk for row in shown}
    return [*shown, *(row for row in taken if row.pk not in there)]


def _taken(viewer: Viewer) -> list[Row]:
    """What colleagues took over from this person and hold now."""
    found = transfer.taken_from(viewer.user, now=viewer.now)
    return [_taken_row(taken, viewer) for taken in found]


def _taken_row(taken: Taken, viewer: Viewer) -> Row:
    said = {"who": taken.by, "when": flash.when(taken.at)[1]}
    return replace(
        row_of(taken.hold, viewer),
        word=str(_("taken over")),
        icon="arrow",
        tone="changing",
        sentence=str(_("%(who)s took over this hold from you at %(when)s.") % said),
    )


def _troubled(entries: list[Entry]) -> Iterable[Hold]:
    if not entries:
        return []
    holds = Hold.objects.filter(pk__in=[entry.pk for entry in entries])
    return holds.select_related("holder", "claim_by").order_by("held_until", "id")


def _told(viewer: Viewer) -> Iterable[Hold]:
    """Holds that ended otherwise than anybody meant."""
    ended = register.told(viewer.at).select_related("holder", "claim_by").order_by("-ended_at")
    return list(ended[:MOST_TOLD])


def _ended(viewer: Viewer) -> list[EndedLine]:
    holds = register.ended(viewer.now).select_related("holder", "claim_by")[:MOST_ENDED]
    place = reverse("place")
    return [_ended_line(hold, viewer, place) for hold in holds]


def _ended_line(hold: Hold, viewer: Viewer, place: str) -> EndedLine:
    ended_at: datetime = hold.ended_at or hold.changed_at
    day, clock = flash.when(ended_at)
    return EndedLine(
        row=row_of(hold, viewer),
        ended_iso=iso(ended_at),
        ended_day=day,
        ended_clock=clock,
        reason=flash.reason(hold.end_reason),
        again=f"{place}?again={hold.pk}" if hold.slot_start > viewer.at else "",
    )


def _found(find: str, found: list[Any]) -> list[Any]:
    return [line for line in found if _fits(find, line.row)] if find else found


def _fits(find: str, row: Row) -> bool:
    said = f"{row.client} {row.contact} {row.note}".casefold()
    return all(word in said for word in find.casefold().split())


def _findings(now: datetime) -> list[Any]:
    """Actions without an outcome, looked for at most twice a minute in each process."""
    key = f"holds.findings.{get_language()}.{timezone.get_current_timezone_name()}"
    found: list[Any] | None = cache.get(key)
    if found is None:
        found = findings(now)
        cache.set(key, found, FINDINGS_KEPT.total_seconds())
    return found
