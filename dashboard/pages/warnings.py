"""Warn of one's own holds that end soon or have just run out, in a bar on every page.

Holds are in the bar before their time, hidden, so that a script can show each to the second.
https://www.w3.org/WAI/WCAG22/Understanding/timing-adjustable asks for a warning, twenty seconds
to extend by a simple action, and ten such times: the bar gives two minutes, as often as wanted.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.accounts.actors import actor_of
from dashboard.holds.models import Hold
from dashboard.holds.register import Snapshot
from dashboard.localization import local_times
from dashboard.pages.responses import etag_of, render_unless_known
from dashboard.pages.rows import HoldRow, Viewer, last_register

SOON = timedelta(minutes=2)  # amber
LAST = timedelta(minutes=1)  # red
STEP = 15  # minutes that the bar adds


@dataclass(frozen=True, slots=True)
class Warned:
    row: HoldRow
    level: str  # "" is not due yet, "soon" amber, "last" red, "over" ran out
    end_iso: str
    is_ahead: bool  # the slot is, so that it can be held again


class WarningBar:
    """Holds of one person that end soon or have just run out, soonest end first."""

    def __init__(self, viewer: Viewer, current: Snapshot) -> None:
        holds = current.ending(viewer.cal_now, viewer.user.pk)
        self.warnings = [each for hold in holds if (each := _warned(hold, viewer))]
        shown = [
            (each.row.pk, each.row.version, each.row.can_change, each.level == "over")
            for each in self.warnings
        ]
        self.etag = etag_of(viewer.user.pk, viewer.holds_url, shown)
        # What *Extend* sends: minutes to add, or minutes from now where the office allows fewer.
        most = settings.HOLD_MINUTES_MAX
        can_add = most >= STEP + SOON // timedelta(minutes=1)
        self.field, self.minutes = ("add", STEP) if can_add else ("reservation_duration", most)


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the poll of the bar, which pages other than the board send."""
    viewer, current = last_register(actor_of(request).user)
    bar = WarningBar(viewer, current)
    context = {"bar": bar, "etag": bar.etag}
    return render_unless_known(request, "holds/_warnings.html", context, cal_now=viewer.cal_now)


def _warned(hold: Hold, viewer: Viewer) -> Warned | None:
    """Return None while a change is under way, because then the end is not known."""
    if hold.held_until is None or (hold.change is not None and not hold.is_claimed(viewer.now)):
        return None
    left = hold.held_until - viewer.cal_now
    is_over = hold.has_ended or left <= timedelta(0)
    if is_over and hold.is_claimed(viewer.now):
        return None
    level = "over" if is_over else "last" if left <= LAST else "soon" if left <= SOON else ""
    is_ahead = hold.slot_start > viewer.now
    return Warned(HoldRow(hold, viewer), level, local_times.iso(hold.held_until), is_ahead)
