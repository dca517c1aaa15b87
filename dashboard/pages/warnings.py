"""Warned in time: one's own holds that end soon, for the bar on every page.

The bar has them before their time comes, so that the page can show each to the second.
https://www.w3.org/WAI/WCAG22/Understanding/timing-adjustable asks for a warning, twenty seconds
to extend by a simple action, and ten such times: here it is two minutes, and as often as wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from dashboard.holds.models import Hold
from dashboard.holds.register import WARNED_AHEAD
from dashboard.pages.rows import Row, Viewer, row_of

SOON = timedelta(minutes=2)  # amber
LAST = timedelta(minutes=1)  # red
STEP = 15  # minutes that the bar adds


@dataclass(frozen=True, slots=True)
class Warned:
    """One hold of the bar."""

    row: Row
    level: str  # "" is not yet, "soon" amber, "last" red


@dataclass(frozen=True, slots=True)
class Bar:
    """What one person is or will be warned of, soonest first."""

    warnings: Sequence[Warned]
    tag: str
    # What *Extend* sends: minutes to add, or minutes from now where the office allows fewer.
    field: str
    minutes: int

    @property
    def count(self) -> int:
        """How many are due."""
        return sum(1 for warning in self.warnings if warning.level)


def bar(viewer: Viewer) -> Bar:
    """The bar now: one query."""
    live = Hold.objects.live(viewer.at).filter(
        holder=viewer.user, held_until__lte=viewer.at + WARNED_AHEAD
    )
    holds = list(live.select_related("holder", "claim_by").order_by("held_until", "id"))
    rows = [row_of(hold, viewer) for hold in holds]
    shown = [
        Warned(row, _level(hold, viewer))
        for hold, row in zip(holds, rows, strict=True)
        if row.ends_iso
    ]
    field, minutes = _extension()
    return Bar(shown, _tag(rows, viewer), field, minutes)


def _level(hold: Hold, viewer: Viewer) -> str:
    left = hold.held_until - viewer.at if hold.held_until else WARNED_AHEAD
    return "last" if left <= LAST else "soon" if left <= SOON else ""


def _extension() -> tuple[str, int]:
    most = settings.HOLD_MINUTES_MAX
    room = STEP + SOON // timedelta(minutes=1)
    return ("add", STEP) if most >= room else ("reservation_duration", most)


def _tag(rows: Iterable[Row], viewer: Viewer) -> str:
    parts: list[Any] = [(row.pk, row.version, row.acts) for row in rows]
    whose = (viewer.user.pk, get_language(), timezone.get_current_timezone_name(), viewer.base)
    return f'W/"{hashlib.sha256(repr((whose, parts)).encode()).hexdigest()[:24]}"'
