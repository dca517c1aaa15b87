"""The board's tab of holds that have ended: one page of them, searched and paged in the database.

They may be many, so the page does not have them all, and a search asks the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from dashboard.holds import register
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.pages import flash
from dashboard.pages.rows import HoldRow, Viewer, hold_row

PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class EndedRow:
    """A hold that has ended: when, why, and where to hold the same again."""

    row: HoldRow
    ended_iso: str
    ended_day: str
    ended_clock: str
    reason: str
    again: str  # "" where the slot is past


@dataclass(frozen=True, slots=True)
class EndedPage:
    """Holds that ended since yesterday, last one first; ``older`` is the next page's ``before``."""

    rows: Sequence[EndedRow] = ()
    before: int | None = None
    older: int | None = None


def ended_page(
    viewer: Viewer, *, find: str, before: int | None, event_types: Sequence[int] | None = None
) -> EndedPage:
    """Return the page after the hold ``before``, the first for None or one that is not there.

    ``find`` leaves the holds whose client, contact or note have all its words, ``event_types``
    those of these event types.
    """
    holds = register.ended(viewer.now)
    if event_types is not None:
        holds = holds.filter(event_type_id__in=event_types)
    last = holds.filter(pk=before).first() if before else None
    if last is not None:
        earlier = Q(ended_at__lt=last.ended_at) | Q(ended_at=last.ended_at, pk__lt=last.pk)
        holds = holds.filter(earlier)
    if find:
        holds = holds.filter(pk__in=register.matching(holds, find)[: PAGE_SIZE + 1])
    found = list(holds.select_related("holder", "claim_by")[: PAGE_SIZE + 1])
    place_url = reverse("place")
    rows = [_ended_row(hold, viewer, place_url) for hold in found[:PAGE_SIZE]]
    older = rows[-1].row.pk if len(found) > PAGE_SIZE else None
    return EndedPage(rows, last.pk if last else None, older)


def ended_count(viewer: Viewer, event_types: Sequence[int] | None) -> int:
    """Return how many holds of these event types ended since yesterday."""
    return register.ended(viewer.now).filter(event_type_id__in=event_types or ()).count()


def _ended_row(hold: Hold, viewer: Viewer, place_url: str) -> EndedRow:
    ended_at = hold.ended_at or hold.changed_at
    is_ahead = hold.slot_start > viewer.cal_now
    return EndedRow(
        row=hold_row(hold, viewer),
        ended_iso=local_times.iso(ended_at),
        ended_day=local_times.day(ended_at, viewer.now),
        ended_clock=local_times.clock(ended_at),
        reason=flash.end_reason(hold),
        again=f"{place_url}?again={hold.pk}" if is_ahead else "",
    )
