"""The board: who holds what, soonest end first, and what needs attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboard.audit.searching import findings
from dashboard.holds.models import Hold
from dashboard.holds.rows import Row, Viewer, iso, row_of

State = Hold.State
Key = tuple[Any, ...]

# How long the board tells of a hold that was lost or gone.
TOLD_FOR = timedelta(hours=12)
MOST_TOLD = 50

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """A calm hold as the board shows it, rendered."""

    row: Row
    html: SafeString


@dataclass(frozen=True, slots=True)
class Board:
    """The board for one person at one moment."""

    rows: Sequence[Line]
    attention: list[Row]
    findings: list[Any]
    live_count: int
    updated_iso: str

    def parts(self) -> tuple[Any, ...]:
        """All that is shown, to tell two boards apart."""
        rows = tuple(line.row for line in self.rows)
        return rows, self.attention, [finding.entry_id for finding in self.findings]


# Every write of a hold raises its version, so a line is right for as long as its key is: what is
# polled all day is made once. Small enough to be thrown away whole when it is full.
_kept: dict[Key, Line] = {}


def board(viewer: Viewer) -> Board:
    """What this person sees now. The number of queries does not depend on the number of holds."""
    lines = _calm(viewer)
    troubled = Hold.objects.on_board().troubled(viewer.now)
    holds = [*troubled.order_by("held_until", "id"), *_told(viewer)]
    live = sum(1 for line in lines if line.row.state == State.HELD)
    attention = [row_of(hold, viewer) for hold in holds]
    return Board(lines, attention, findings(viewer.now), live, iso(viewer.at))


def _calm(viewer: Viewer) -> list[Line]:
    keys = _keys(viewer)
    missing = {key[0]: key for key in keys if key not in _kept}
    if len(_kept) + len(missing) > MOST_KEPT:
        _kept.clear()
        missing = {key[0]: key for key in keys}
    made: dict[Key, Line] = {}
    for hold in Hold.objects.filter(pk__in=missing).select_related("holder", "claim_by"):
        row = row_of(hold, viewer)
        made[missing[hold.pk]] = Line(row, render_to_string("holds/_row.html", {"row": row}))
    _kept.update(made)
    found = (made.get(key) or _kept.get(key) for key in keys)
    return [line for line in found if line is not None]


def _keys(viewer: Viewer) -> list[Key]:
    """Of each calm hold: its number, its version, and all else that its line depends on."""
    calm = Hold.objects.on_board().calm(viewer.now).order_by("held_until", "id")
    columns = calm.values_list(
        "pk",
        "version",
        "holder",
        "held_until",
        "claim_until",
        "holder__username",
        "holder__first_name",
        "holder__last_name",
    )
    whose = (get_language(), viewer.base, viewer.is_admin)
    return [
        (
            pk,
            version,
            holder == viewer.user.pk,
            until is not None and until > viewer.at,
            claimed is not None and claimed > viewer.now,
            *names,
            *whose,
        )
        for pk, version, holder, until, claimed, *names in columns
    ]


def _told(viewer: Viewer) -> list[Hold]:
    """Holds that ended otherwise than anybody meant."""
    told = Hold.objects.filter(
        state__in=(State.LOST, State.GONE), ended_at__gt=viewer.at - TOLD_FOR, change__isnull=True
    )
    return list(told.select_related("holder", "claim_by").order_by("-ended_at")[:MOST_TOLD])
