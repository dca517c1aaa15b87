"""Sentences that answer "is my hold safe?": what is reserved at cal.com, as far as is known."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from dashboard.holds.models import Hold
from dashboard.localization import local_times


def nothing_held() -> str:
    return _("No time is held, and nothing was changed.")


def possibly_held(latest_end: datetime) -> str:
    """Describe a reservation that cal.com never confirmed. ``latest_end`` is its latest end."""
    return _("The time may be held at cal.com, until %(until)s (%(zone)s) at the latest.") % {
        "until": local_times.when(latest_end),
        "zone": local_times.zone_name(),
    }


def second_possibly_held(latest_end: datetime) -> str:
    """Describe an unconfirmed reservation that was to replace the hold."""
    return _(
        "A second reservation may stand at cal.com beside it, until %(until)s (%(zone)s) at "
        "the latest."
    ) % {"until": local_times.when(latest_end), "zone": local_times.zone_name()}


def still_yours(hold: Hold, cal_now: datetime) -> str:
    """Describe a hold that was left as it was. ``cal_now`` is the time on cal.com's clock."""
    if hold.state == Hold.State.UNCONFIRMED and hold.latest_end is not None:
        return possibly_held(hold.latest_end)
    if hold.held_until is None or not hold.is_live(cal_now):
        return _("This hold is no longer live.")
    return _("The hold is unchanged: %(slot)s is held until %(until)s (%(zone)s).") % {
        "slot": local_times.slot(hold.slot_start, hold.slot_end, cal_now),
        "until": local_times.when(hold.held_until, cal_now),
        "zone": local_times.zone_name(),
    }


def not_confirmed_yet(slot_start: datetime, slot_end: datetime | None, settled_by: datetime) -> str:
    """Describe a change with an open end. ``settled_by`` is when it will be known at the latest."""
    return _(
        "Not confirmed yet. Holdfast keeps checking %(slot)s with cal.com and expects to know "
        "by %(until)s (%(zone)s)."
    ) % {
        "until": local_times.when(settled_by),
        "slot": local_times.slot(slot_start, slot_end),
        "zone": local_times.zone_name(),
    }
