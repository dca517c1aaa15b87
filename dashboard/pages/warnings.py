"""Warn of one's own holds that end soon or have just run out, in a bar on every page.

Holds are in the bar before their time, hidden, so that a script can show each to the second.
https://www.w3.org/WAI/WCAG22/Understanding/timing-adjustable asks for a warning, twenty seconds
to extend by a simple action, and ten such times: the bar gives two minutes, as often as wanted.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.accounts.actors import actor_of
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.pages.responses import etag_of, render_unless_known
from dashboard.pages.rows import HoldRow
from dashboard.pages.viewers import Viewer, last_register

SOON = timedelta(minutes=2)  # amber
LAST = timedelta(minutes=1)  # red
STEP = 15  # minutes that the bar adds


class WarnedRow(HoldRow):
    """A hold that ends soon or has just run out: also how soon."""

    def __init__(self, hold: Hold, end: datetime, viewer: Viewer) -> None:
        super().__init__(hold, viewer)
        left = end - viewer.cal_now
        if hold.has_ended or left <= timedelta(0):
            self.level = "over"
        elif left <= LAST:
            self.level = "last"
        else:
            self.level = "soon" if left <= SOON else ""
        self.end_iso = local_times.iso(end)
        self.is_ahead = hold.slot_start > viewer.now  # so that it can be held again


class WarningBar:
    """Holds of one person that end soon or have just run out, soonest end first."""

    def __init__(self, viewer: Viewer) -> None:
        holds = viewer.register.ending(viewer.cal_now, viewer.user.pk)
        self.rows = [row for hold in holds if (row := _warned(hold, viewer))]
        shown = [(row.pk, row.version, row.can_change, row.level == "over") for row in self.rows]
        self.etag = etag_of(viewer.user.pk, viewer.holds_url, shown)
        # What *Extend* sends: minutes to add, or minutes from now where the office allows fewer.
        most = settings.HOLD_MINUTES_MAX
        can_add = most >= STEP + SOON // timedelta(minutes=1)
        self.field, self.minutes = ("add", STEP) if can_add else ("reservation_duration", most)


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the poll of the bar, which pages other than the board send."""
    viewer = last_register(actor_of(request).user)
    bar = WarningBar(viewer)
    context = {"bar": bar, "etag": bar.etag}
    return render_unless_known(request, "holds/_warnings.html", context, cal_now=viewer.cal_now)


def _warned(hold: Hold, viewer: Viewer) -> WarnedRow | None:
    """Return None while a change is under way, because then the end is not known."""
    is_claimed = hold.is_claimed(viewer.now)
    if hold.held_until is None or (hold.change is not None and not is_claimed):
        return None
    row = WarnedRow(hold, hold.held_until, viewer)
    return None if row.level == "over" and is_claimed else row
