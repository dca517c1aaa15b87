"""Holds that have ended: the board's tab of recent ones, and all that its search finds.

They may be many, so a page has only some of them, and a search asks the server.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.holds import register
from dashboard.holds.models import Hold, HoldQuerySet
from dashboard.localization import local_times
from dashboard.pages import flash, parameters
from dashboard.pages.rows import HoldRow
from dashboard.pages.viewers import Viewer, viewer_of

PAGE_SIZE = 200
PAST_PAGE_SIZE = 50
MOST_TO_FIND = 200  # characters
FIND_HEADER = "Holdfast-Find"  # percent-encoded: an address stands in logs


class EndedRow(HoldRow):
    """A hold that has ended: also when, why and by whom."""

    def __init__(self, hold: Hold, viewer: Viewer, ender: User | None) -> None:
        ended_at = hold.ended_at or hold.changed_at
        super().__init__(hold, viewer)
        self.ended_iso = local_times.iso(ended_at)
        self.ended_day = local_times.day(ended_at, viewer.now)
        self.ended_clock = local_times.clock(ended_at)
        self.reason = flash.end_reason(hold)
        # By name also where it is the viewer: "you" is the holder, in the column beside.
        self.ended_by = str(ender or "")


@dataclass(frozen=True, slots=True)
class EndedPage:
    """Holds that ended, last one first; ``older`` is the next page's ``before``."""

    rows: Sequence[EndedRow] = ()
    before: int | None = None
    older: int | None = None
    find: str = ""  # what was looked for


@require_safe
def find_past(request: HttpRequest) -> HttpResponse:
    """Answer the script of the board's search with holds that ended, however long ago."""
    before = parameters.number(request.GET.get("before"))
    past = past_page(viewer_of(request), find=text_to_find(request), before=before)
    return render(request, "holds/_past.html", {"past": past})


def text_to_find(request: HttpRequest) -> str:
    """Return what is to be found: of a form, or of a script's request.

    Without NUL, which PostgreSQL refuses in a text.
    """
    find = request.POST.get("find", "") or unquote(request.headers.get(FIND_HEADER, ""))
    return find.replace("\0", "").strip()[:MOST_TO_FIND]


def past_page(viewer: Viewer, *, find: str, before: int | None) -> EndedPage:
    """Return a page of all holds that ended and whose client, contact or note have all words.

    Pages go from the hold placed last to older ones; rows of a page from the one that ended last.
    """
    pks = register.past(find, before=before, most=PAST_PAGE_SIZE + 1)
    shown = pks[:PAST_PAGE_SIZE]
    found = Hold.objects.filter(pk__in=shown).order_by("-ended_at", "-pk")
    older = shown[-1] if len(pks) > PAST_PAGE_SIZE else None
    return EndedPage(rows_of(found, viewer), before, older, find)


def ended_page(
    viewer: Viewer, *, before: int | None, event_types: Collection[int] | None
) -> EndedPage:
    """Return what ended since yesterday after the hold ``before``, from the first without it."""
    holds = register.ended(viewer.now, event_types)
    last = holds.filter(pk=before).first() if before else None
    if last is not None:
        earlier = Q(ended_at__lt=last.ended_at) | Q(ended_at=last.ended_at, pk__lt=last.pk)
        holds = holds.filter(earlier)
    found = rows_of(holds[: PAGE_SIZE + 1], viewer)
    shown = found[:PAGE_SIZE]
    older = shown[-1].pk if len(found) > PAGE_SIZE else None
    return EndedPage(shown, last.pk if last else None, older)


def rows_of(holds: HoldQuerySet, viewer: Viewer) -> list[EndedRow]:
    """Return the rows of holds, with one query more where people ended holds of others."""
    found: list[Any] = list(holds.with_people().annotate(ended_by=search.ender()))
    people = {hold.holder_id: hold.holder for hold in found}
    others = {hold.ended_by for hold in found} - people.keys() - {None}
    people |= User.objects.in_bulk(others)
    return [EndedRow(hold, viewer, people.get(hold.ended_by)) for hold in found]
