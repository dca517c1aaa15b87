"""Warn of one's own holds that end soon, in a bar on every page, and answer its poll.

Holds are in the bar before their time, hidden, so that a script can show each to the second.
https://www.w3.org/WAI/WCAG22/Understanding/timing-adjustable asks for a warning, twenty seconds
to extend by a simple action, and ten such times: the bar gives two minutes, as often as wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from dashboard.holds.models import Hold
from dashboard.holds.register import WARNED_AHEAD
from dashboard.localization import local_times
from dashboard.pages.answers import unless_known
from dashboard.pages.rows import HoldRow, Viewer, hold_row, viewer_of

SOON = timedelta(minutes=2)  # amber
LAST = timedelta(minutes=1)  # red
STEP = 15  # minutes that the bar adds


@dataclass(frozen=True, slots=True)
class Warned:
    """One hold of the bar."""

    row: HoldRow
    level: str  # "" is not due yet, "soon" amber, "last" red


@dataclass(frozen=True, slots=True)
class Bar:
    """Holds that one person is or will be warned of, soonest end first."""

    warnings: Sequence[Warned]
    etag: str
    # What *Extend* sends: minutes to add, or minutes from now where the office allows fewer.
    field: str
    minutes: int


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the poll of the bar, which pages other than the board send."""
    bar = make_bar(viewer_of(request))
    return unless_known(
        request, bar.etag, lambda: render(request, "holds/_warnings.html", {"bar": bar})
    )


def make_bar(viewer: Viewer) -> Bar:
    """Return the bar, with one query."""
    soon = viewer.cal_now + WARNED_AHEAD
    live = Hold.objects.live(viewer.cal_now)
    own = live.filter(holder=viewer.user, held_until__lte=soon).order_by("held_until", "id")
    holds = list(own.select_related("holder", "claim_by"))
    rows = [hold_row(hold, viewer) for hold in holds]
    warnings = [
        Warned(row, _level(hold, viewer))
        for hold, row in zip(holds, rows, strict=True)
        if row.ends_iso
    ]
    most = settings.HOLD_MINUTES_MAX
    if most >= STEP + SOON // timedelta(minutes=1):
        return Bar(warnings, _etag(rows, viewer), "add", STEP)
    return Bar(warnings, _etag(rows, viewer), "reservation_duration", most)


def _level(hold: Hold, viewer: Viewer) -> str:
    left = hold.held_until - viewer.cal_now if hold.held_until else WARNED_AHEAD
    return "last" if left <= LAST else "soon" if left <= SOON else ""


def _etag(rows: Sequence[HoldRow], viewer: Viewer) -> str:
    parts: list[Any] = [(row.pk, row.version, row.can_change) for row in rows]
    zone, today = timezone.get_current_timezone_name(), local_times.local_date(viewer.now)
    parts.append((viewer.user.pk, get_language(), zone, today, viewer.holds_url))
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'
