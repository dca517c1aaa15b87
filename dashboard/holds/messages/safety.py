"""Is my hold safe? What holds good at cal.com, as far as we know."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from dashboard.holds import local_times
from dashboard.holds.models import Hold


def nothing_held() -> str:
    return _("No time is held, and nothing was changed.")


def perhaps_held(latest_end: datetime) -> str:
    return _("The time may be held at cal.com, until %(until)s (%(zone)s) at the latest.") % {
        "until": local_times.clock(latest_end),
        "zone": local_times.zone_name(),
    }


def second_perhaps(latest_end: datetime) -> str:
    return _(
        "A second reservation may stand at cal.com beside it, until %(until)s (%(zone)s) at "
        "the latest."
    ) % {"until": local_times.clock(latest_end), "zone": local_times.zone_name()}


def still_yours(hold: Hold, at: datetime) -> str:
    """Whether the hold stands as it did before."""
    if hold.state == Hold.State.UNCONFIRMED and hold.latest_end is not None:
        return perhaps_held(hold.latest_end)
    if hold.held_until is None or not hold.is_live(at):
        return _("This hold is no longer live.")
    return _("The hold is unchanged: %(slot)s is held until %(until)s (%(zone)s).") % {
        "slot": local_times.slot(hold.slot_start, hold.slot_end),
        "until": local_times.clock(hold.held_until),
        "zone": local_times.zone_name(),
    }


def unreadable_change() -> str:
    """A change was broken off, and what was written down of it is of no use."""
    return _("The record of an earlier change cannot be read.")


def being_restored(hold: Hold, settled_by: datetime) -> str:
    """A change whose end is open. ``settled_by``: when at the latest it will be certain."""
    return _(
        "Not confirmed yet. Holdfast keeps checking %(slot)s with cal.com and expects to know "
        "by %(until)s (%(zone)s)."
    ) % {
        "until": local_times.clock(settled_by),
        "slot": local_times.slot(hold.slot_start, hold.slot_end),
        "zone": local_times.zone_name(),
    }
