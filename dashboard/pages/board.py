"""Show the board: holds on tabs, soonest end first. Answer its poll."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property, lru_cache
from typing import Self, TypeVar
from urllib.parse import urlencode

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language, gettext as _, gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.audit import action_labels
from dashboard.audit.models import AuditEntry
from dashboard.audit.search import MAX_FINDINGS, findings
from dashboard.audit.timeline import Line
from dashboard.calcom_state import clock
from dashboard.holds import register
from dashboard.holds.models import Hold
from dashboard.localization import local_times, marking
from dashboard.localization.searching import finder
from dashboard.pages import flash, parameters, responses, row_cache
from dashboard.pages.ended import EndedPage, ended_page, past_page, text_to_find
from dashboard.pages.fields import offered_extensions
from dashboard.pages.rows import HoldRow
from dashboard.pages.viewers import Viewer, read_register

Entry = TypeVar("Entry", Hold, HoldRow)
State = Hold.State

MOST_LOST = 50  # on one page
MOST_TOLD = 10  # of what others did to the person's holds
MOST_PAGES = 40
# To look for actions without an outcome takes longer than all else of a poll.
FINDINGS_KEPT = 30  # seconds


class Tab(models.TextChoices):
    """Tabs of the board, by the holds that they show."""

    MINE = "mine", _lazy("Mine")
    EVERYONE = "everyone", _lazy("Everyone")
    SOON = "soon", _lazy("Ending soon")  # within register.SOON
    ATTENTION = "attention", _lazy("Needs attention")
    ENDED = "ended", _lazy("Ended")  # since the beginning of yesterday


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Parameters of the board in a request."""

    tab: Tab = Tab.EVERYONE
    find: str = ""  # leaves the holds whose client, contact or note have all its words
    pages: int = 1  # of lost holds, one below the other
    before: int | None = None  # the ended hold after which the page begins
    past_before: int | None = None  # the same of what was found among all that ended

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        return cls(
            tab=tab_of(request),
            find=text_to_find(request),
            pages=min(parameters.number(request.GET.get("pages")) or 1, MOST_PAGES),
            before=parameters.number(request.GET.get("before")),
            past_before=parameters.number(request.POST.get("before")),
        )


class Board:
    """One person's board at one moment.

    The number of queries does not depend on that of holds.
    """

    def __init__(self, asked: BoardQuery, viewer: Viewer) -> None:
        current = viewer.register
        self.asked = asked
        self.viewer = viewer
        self.tab = tab = asked.tab
        self.find = asked.find
        self.updated = local_times.day_and_clock(viewer.cal_now, viewer.cal_now)
        self.calendars = viewer.calendars
        # The only one whose holds are shown.
        self.calendar = self.calendars.chosen_by(viewer.user)
        self.event_types = numbers = self.calendars.numbers_of(self.calendar)
        holds = [hold for hold in current.holds if numbers is None or hold.event_type_id in numbers]
        calm = [hold for hold in holds if not needs_attention(hold, viewer.now)]
        self.live_count = sum(hold.state == State.HELD for hold in calm)
        self.troubled = [hold for hold in current.holds if needs_attention(hold, viewer.now)]
        self.colleague_actions = current.colleague_actions.get(viewer.user.pk, ())
        self.colleague_actions_are_cut = len(self.colleague_actions) > MOST_TOLD
        found = recent_findings()
        lists_lost = tab in (Tab.EVERYONE, Tab.ATTENTION)
        self.findings = found if lists_lost and not asked.find else []
        self.findings_are_cut = len(found) >= MAX_FINDINGS
        self.lost_count = current.lost_count(viewer.cal_now)
        self.most_lost = min(self.lost_count, MOST_LOST * asked.pages)
        self.lost_shown = self.most_lost if lists_lost else self.lost_count
        is_all = numbers is None
        ended = current.ended_count if is_all else register.ended(viewer.now, numbers).count()
        needing = {hold.pk for hold in self.troubled}
        needing |= {entry.hold_id for entry in self.colleague_actions if entry.hold_id}
        self.tabs = [
            (Tab.MINE, len(on_tab(Tab.MINE, holds, viewer))),
            (Tab.EVERYONE, len(holds)),
            (Tab.SOON, len(on_tab(Tab.SOON, calm, viewer))),
            (Tab.ATTENTION, len(needing) + self.lost_count + len(found)),
            (Tab.ENDED, ended),
        ]
        self.minutes_added = offered_extensions()[0]
        self.holds = self.matching(on_tab(tab, calm, viewer))
        self.rows = row_cache.rendered_rows(self.holds, viewer)

    @cached_property
    def attention(self) -> Sequence[HoldRow]:
        """Return holds with an unfinished change, lost ones, and what others did to one's own.

        A change that is under way is not unfinished.
        """
        if self.tab not in (Tab.MINE, Tab.EVERYONE, Tab.ATTENTION):
            return []
        is_mine = self.tab == Tab.MINE
        troubled = on_tab(Tab.MINE, self.troubled, self.viewer) if is_mine else self.troubled
        rows = [HoldRow(hold, self.viewer) for hold in (*troubled, *self.lost())]
        pks = {row.pk for row in rows}
        of_colleagues = [
            row_of_action(entry, entry.hold, self.viewer)
            for entry in self.colleague_actions[:MOST_TOLD]
            if entry.hold and entry.hold.pk not in pks
        ]
        return self.matching([*rows, *of_colleagues])

    @property
    def cuts_attention(self) -> bool:
        """Return whether holdfast.css shows only the first of what needs attention."""
        return bool(self.holds) and self.tab != Tab.ATTENTION

    def lost(self) -> Iterable[Hold]:
        """Return lost and gone holds, the last one first: on the tab *Mine* one's own."""
        if not self.most_lost:  # to make the query in vain takes a third of the page's time
            return []
        lost = register.lost_or_gone(self.viewer.now, self.viewer.cal_now)
        if self.tab == Tab.MINE:
            lost = lost.filter(holder=self.viewer.user)
        return lost.with_people().order_by("-ended_at", "-id")[: self.most_lost]

    @cached_property
    def ended(self) -> EndedPage:
        """Return a page of the tab of recently ended holds."""
        if self.tab != Tab.ENDED or self.find:
            return EndedPage()
        return ended_page(self.viewer, before=self.asked.before, event_types=self.event_types)

    @cached_property
    def past(self) -> EndedPage:
        """Return a page of what is found among all holds that have ended."""
        if not self.find:
            return EndedPage()
        return past_page(self.viewer, find=self.find, before=self.asked.past_before)

    @property
    def query(self) -> str:
        """Return the query string with which a poll asks for the same page."""
        pages = self.asked.pages if self.asked.pages > 1 else None
        asked = {"tab": self.tab.value, "pages": pages, "before": self.ended.before}
        return urlencode({name: value for name, value in asked.items() if value})

    def matching(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return those with all words that are looked for."""
        if not self.find:
            return entries
        matches = finder(self.find)
        return [entry for entry in entries if matches(entry.search_text)]


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show the board. A POST finds holds: a client's name must not stand in an address or a log."""
    viewer = read_register(request)
    asked = BoardQuery.of(request)
    board = Board(asked, viewer)
    context = {"board": board, "etag": board_etag(asked, viewer)}
    return responses.render_page(request, "board", context)


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the poll of the board without asking cal.com; without a body if nothing changed."""
    viewer = read_register(request)
    asked = BoardQuery.of(request)
    return responses.render_unless_known(
        request,
        "holds/_board.html",
        {"etag": board_etag(asked, viewer)},
        lambda: {"board": Board(asked, viewer)},
        cal_now=viewer.cal_now,
    )


def tab_of(request: HttpRequest) -> Tab:
    """Return the tab that the address names; the tab with all holds for any other name."""
    value = request.GET.get("tab", "")
    return Tab(value) if value in Tab.values else Tab.EVERYONE


def board_etag(asked: BoardQuery, viewer: Viewer) -> str:
    """Return a value that stays the same for as long as this person sees the same.

    Covers the last write and what time alone has changed since: who is on which tab, who has run
    out, which change was given up, whom to warn.
    """
    return responses.etag_of(
        asked,
        viewer.holds_url,
        viewer.is_admin,
        viewer.user.pk,
        local_times.local_date(viewer.now),
        viewer.register.revision,
        viewer.register.passed(viewer.now, viewer.cal_now, viewer.user.pk),
        [finding.entry_id for finding in recent_findings()],
        viewer.calendars.revision,
        viewer.user.preferences.board_calendar,
    )


def recent_findings() -> list[Line]:
    """Return actions without an outcome, read at most twice a minute by each process.

    One that has got its outcome since is left out.
    """
    turn = clock.ticks() // FINDINGS_KEPT
    found = findings_in(get_language(), timezone.get_current_timezone(), turn)
    if not found:
        return found
    ended = AuditEntry.objects.ended_among([finding.action_id for finding in found])
    return [finding for finding in found if finding.action_id not in ended]


@lru_cache(maxsize=16)
def findings_in(_language: str | None, _zone: tzinfo, _turn: float) -> list[Line]:
    return findings(timezone.now())


def needs_attention(hold: Hold, now: datetime) -> bool:
    """Return False for a hold that is held or being placed, without an interrupted change."""
    return hold.state not in (State.HELD, State.PLACING) or hold.is_left_half_way(now)


def on_tab(tab: Tab, holds: Sequence[Hold], viewer: Viewer) -> Sequence[Hold]:
    """Return those of these holds that are on a tab as they stand."""
    if tab == Tab.EVERYONE:
        return holds
    if tab == Tab.MINE:
        return [hold for hold in holds if hold.holder_id == viewer.user.pk]
    if tab == Tab.SOON:
        later = viewer.cal_now + register.SOON
        return [hold for hold in holds if hold.is_live(viewer.cal_now) and not hold.is_live(later)]
    return []


def row_of_action(entry: AuditEntry, hold: Hold, viewer: Viewer) -> HoldRow:
    """Return a hold with what another person did to it, as its holder, or former one, is told."""
    row, reason = HoldRow(hold, viewer), action_labels.reason_label(entry.reason)
    if entry.action == AuditEntry.Action.TAKE_OVER:
        row.state_label, row.icon, row.css_state = _("taken over"), "arrow", "changing"
        sentence = _("%(who)s took over this hold from you (%(when)s).")
    elif entry.action == AuditEntry.Action.MOVE:
        row.state_label, row.icon, row.css_state = _("moved"), "arrow", "changing"
        sentence = _("%(who)s moved your hold to this time (%(when)s).")
    else:
        row.can_put_aside = True
        reason = " · ".join(filter(None, (flash.end_reason(hold), hold.end_note)))
        sentence = _("%(who)s released your hold (%(when)s).")
        if hold.is_booked_by_staff:
            sentence = _("%(who)s noted your hold as booked (%(when)s).")
    who, when = marking.name(entry.actor_name), local_times.when(entry.at, viewer.now)
    if reason:
        sentence = " ".join([sentence, _("Reason: %(reason)s")])
    row.sentence = marking.filled(sentence, who=who, when=when, reason=reason)
    return row
