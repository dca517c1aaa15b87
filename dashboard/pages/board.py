"""Show the board: holds on tabs, soonest end first. Answer its poll, and check several holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.audit.models import AuditEntry
from dashboard.audit.search import MAX_FINDINGS, findings
from dashboard.holds import clock, register, transfer
from dashboard.holds.models import Hold
from dashboard.holds.register import HoldSummary, Snapshot
from dashboard.localization import local_times
from dashboard.localization.searching import finder
from dashboard.pages import answers, parameters, row_cache, whose
from dashboard.pages.ended import EndedPage, ended_count, ended_page, past_page, text_to_find
from dashboard.pages.rows import HoldRow, Viewer, read_register

MOST_LOST = 50  # on one page
MOST_PAGES = 40
# Finding actions without an outcome reads much of the log, which is too slow for every poll.
FINDINGS_KEPT = 30  # seconds


class Tab(models.TextChoices):
    """Tabs of the board, by the holds that they show."""

    MINE = "mine", _("Mine")
    EVERYONE = "everyone", _("Everyone")
    SOON = "soon", _("Ending soon")  # within register.SOON
    ATTENTION = "attention", _("Needs attention")
    ENDED = "ended", _("Ended")  # since the beginning of yesterday


@dataclass(frozen=True, slots=True)
class Asked:
    """Page of the board that is asked for, besides its tab."""

    find: str = ""  # leaves the holds whose client, contact or note have all its words
    pages: int = 1  # of lost holds, one below the other
    before: int | None = None  # the ended hold after which the page begins
    past_before: int | None = None  # the same of what was found among all that ended


NOTHING = Asked()


@dataclass(frozen=True, slots=True)
class TabLink:
    value: str
    label: str
    count: int
    is_current: bool


class Board:
    """One person's board on one tab at one moment.

    The number of queries does not depend on that of holds.
    """

    def __init__(self, viewer: Viewer, tab: Tab, current: Snapshot, asked: Asked = NOTHING) -> None:
        find, of_office = asked.find, whose.calendars()
        calendar = of_office.chosen_by(viewer.user)
        event_types = of_office.numbers_of(calendar)
        holds = [
            hold
            for hold in current.holds
            if event_types is None or hold.event_type_id in event_types
        ]
        calm = [entry for entry in holds if entry.is_calm(viewer.now)]
        troubled = [entry for entry in current.holds if not entry.is_calm(viewer.now)]
        taken_over = _taken_over_rows(viewer) if viewer.user.pk in current.former_holders else []
        found = recent_findings(viewer.now)
        attention_pks = {entry.pk for entry in troubled} | {row.pk for row in taken_over}
        ended = current.ended_count if event_types is None else ended_count(viewer, event_types)
        self.lost_count = current.lost_count(viewer.cal_now)
        counts = {
            Tab.MINE: len(_on_tab(Tab.MINE, holds, viewer)),
            Tab.EVERYONE: len(holds),
            Tab.SOON: len(_on_tab(Tab.SOON, calm, viewer)),
            Tab.ATTENTION: len(attention_pks) + self.lost_count + len(found),
            Tab.ENDED: ended,
        }
        most_lost = min(self.lost_count, MOST_LOST * asked.pages)
        attention = _attention(tab, troubled, taken_over, viewer, most_lost=most_lost)
        lists_lost = tab in (Tab.EVERYONE, Tab.ATTENTION)
        self.tab = tab
        self.tabs = [TabLink(each, str(each.label), counts[each], each == tab) for each in Tab]
        shown = _matching(_on_tab(tab, calm, viewer), find)
        self.rows = row_cache.rendered_rows(shown, viewer, current, of_office)
        matches = finder(find)
        self.attention = [row for row in attention if matches(row.search_text)]
        self.lost_shown = most_lost if lists_lost else self.lost_count
        self.pages = asked.pages  # of lost holds
        self.findings = found if lists_lost and not find else []
        self.findings_are_cut = len(found) >= MAX_FINDINGS
        self.ended = EndedPage()
        if tab == Tab.ENDED and not find:
            self.ended = ended_page(viewer, before=asked.before, event_types=event_types)
        self.past = past_page(viewer, find=find, before=asked.past_before) if find else EndedPage()
        self.live_count = sum(entry.state == Hold.State.HELD for entry in calm)
        self.find = find
        self.calendars = of_office.listed  # to choose from; empty where there are none
        self.calendar = calendar  # the only one whose holds are shown
        self.updated = local_times.day_and_clock(viewer.cal_now, viewer.cal_now)

    @property
    def rows_html(self) -> SafeString:
        """Return all rows at once: a template takes longer over each than to join them."""
        return SafeString("".join(row.html for row in self.rows))  # nosec B703: each is safe

    @property
    def query(self) -> str:
        """Return the query string with which a poll asks for the same page."""
        pages = self.pages if self.pages > 1 else None
        asked = {"tab": self.tab.value, "pages": pages, "before": self.ended.before}
        return urlencode({name: value for name, value in asked.items() if value})


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show the board. A POST finds holds: a client's name must not stand in an address or a log."""
    viewer, current = read_register(request)
    tab, asked = tab_of(request), asked_for(request)
    board = Board(viewer, tab, current, asked)
    context = {"board": board, "etag": board_etag(viewer, tab, current, asked)}
    return answers.render_page(request, "board", context)


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the poll of the board without asking cal.com; without a body if nothing changed."""
    viewer, current = read_register(request)
    tab, asked = tab_of(request), asked_for(request)
    etag = board_etag(viewer, tab, current, asked)

    def make_context() -> dict[str, Any]:
        return {"board": Board(viewer, tab, current, asked), "etag": etag}

    return answers.render_unless_known(request, "holds/_board.html", etag, make_context)


def tab_of(request: HttpRequest) -> Tab:
    """Return the tab that the address names; the tab with all holds for any other name."""
    value = request.GET.get("tab", "")
    return Tab(value) if value in Tab.values else Tab.EVERYONE


def asked_for(request: HttpRequest) -> Asked:
    return Asked(
        find=text_to_find(request),
        pages=min(parameters.number(request.GET.get("pages")) or 1, MOST_PAGES),
        before=parameters.number(request.GET.get("before")),
        past_before=parameters.number(request.POST.get("before")),
    )


def board_etag(viewer: Viewer, tab: Tab, current: Snapshot, asked: Asked = NOTHING) -> str:
    """Return a value that stays the same for as long as this person sees the same on this tab.

    Covers the last write and what time alone has changed since: who is on which tab, who has run
    out, which change was given up, whom to warn.
    """
    return answers.etag_of(
        tab.value,
        asked,
        viewer.holds_url,
        viewer.is_admin,
        viewer.user.pk,
        local_times.local_date(viewer.now),
        current.revision,
        current.passed(viewer.now, viewer.cal_now, viewer.user.pk),
        [finding.entry_id for finding in recent_findings(viewer.now)],
        whose.calendars().revision,
        viewer.user.preferences.board_calendar,
    )


def recent_findings(now: datetime) -> list[Any]:
    """Return actions without an outcome, read at most twice a minute by each process.

    One that has got its outcome since is left out.
    """
    # The cache goes by the local clock, which can be set.
    turn = clock.ticks() // FINDINGS_KEPT
    key = f"holds.findings.{get_language()}.{timezone.get_current_timezone_name()}.{turn}"
    found: list[Any] | None = cache.get(key)
    if found is None:
        found = findings(now)
        cache.set(key, found, FINDINGS_KEPT)
    if not found:
        return found
    ended = AuditEntry.objects.ended_among([finding.action_id for finding in found])
    return [finding for finding in found if finding.action_id not in ended]


def _on_tab(tab: Tab, entries: Sequence[HoldSummary], viewer: Viewer) -> Sequence[HoldSummary]:
    if tab == Tab.EVERYONE:
        return entries
    if tab == Tab.MINE:
        own_pk = viewer.user.pk
        return [entry for entry in entries if entry.holder_id == own_pk]
    if tab == Tab.SOON:
        return [entry for entry in entries if entry.ends_soon(viewer.cal_now)]
    return []


def _attention(
    tab: Tab,
    troubled: list[HoldSummary],
    taken_over: list[HoldRow],
    viewer: Viewer,
    *,
    most_lost: int,
) -> list[HoldRow]:
    """Return holds with an unfinished change, lost ones, and those that colleagues took over.

    A change that is under way is not unfinished. At most ``most_lost`` are lost ones.
    """
    if tab not in (Tab.MINE, Tab.EVERYONE, Tab.ATTENTION):
        return []
    open_holds = Hold.objects.with_people().filter(pk__in=[entry.pk for entry in troubled])
    holds = list(open_holds.order_by("held_until", "id"))
    if most_lost:
        lost = register.lost_or_gone(viewer.now, viewer.cal_now)
        lost = lost.with_people().order_by("-ended_at", "-id")
        holds += (lost.filter(holder=viewer.user) if tab == Tab.MINE else lost)[:most_lost]
    rows = [HoldRow(hold, viewer) for hold in holds]
    shown = [row for row in rows if row.is_mine or tab != Tab.MINE]
    shown_pks = {row.pk for row in shown}
    return [*shown, *(row for row in taken_over if row.pk not in shown_pks)]


def _taken_over_rows(viewer: Viewer) -> list[HoldRow]:
    """Return the holds that colleagues took over, as their former holder sees them."""
    rows = []
    for taken in transfer.transfers_from(viewer.user, now=viewer.now):
        row = HoldRow(taken.hold, viewer)
        values = {"who": taken.by, "when": local_times.when(taken.when, viewer.now)}
        row.state_label, row.icon, row.css_state = str(_("taken over")), "arrow", "changing"
        row.sentence = str(_("%(who)s took over this hold from you at %(when)s.") % values)
        rows.append(row)
    return rows


def _matching(entries: Sequence[HoldSummary], find: str) -> Sequence[HoldSummary]:
    if not find:
        return entries
    pks = set(register.matching(Hold.objects.filter(state__in=Hold.OPEN), find))
    return [entry for entry in entries if entry.pk in pks]
