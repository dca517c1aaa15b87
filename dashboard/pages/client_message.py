"""What staff tell a client of a hold, to be read out, copied or sent."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

from dashboard.holds import local_times
from dashboard.holds.models import Hold


def for_client(hold: Hold, zone: ZoneInfo | None, *, now: datetime) -> str:
    """Which time is held until when: at the office and, where it is known, in the client's zone."""
    if hold.held_until is None:
        return ""
    here = _("We are holding %(when)s (%(zone)s) for you until %(until)s.") % {
        "when": _when(hold, local_times.office()),
        "zone": _name(local_times.office()),
        "until": _until(hold.held_until, local_times.office(), now),
    }
    if zone is None or zone.key == local_times.office().key:
        return here
    there = _("In your time zone (%(zone)s) that is %(when)s, held until %(until)s.") % {
        "when": _when(hold, zone),
        "zone": _name(zone),
        "until": _until(hold.held_until, zone, now),
    }
    return f"{here} {there}"


def _when(hold: Hold, zone: ZoneInfo) -> str:
    day, start = _day(hold.slot_start, zone), _clock(hold.slot_start, zone)
    if hold.slot_end is None:
        return _("%(day)s, %(start)s") % {"day": day, "start": start}
    end = _clock(hold.slot_end, zone)
    return _("%(day)s, %(start)s–%(end)s") % {"day": day, "start": start, "end": end}


def _until(until: datetime, zone: ZoneInfo, now: datetime) -> str:
    """With its day where that is not today's. Cut to the minute: no second is promised too many."""
    clock = _clock(until, zone)
    if until.astimezone(zone).date() == now.astimezone(zone).date():
        return clock
    return _("%(day)s, %(start)s") % {"day": _day(until, zone), "start": clock}


def _day(moment: datetime, zone: ZoneInfo) -> str:
    # Translators: a day in full, in Django's letters: https://docs.djangoproject.com/en/5.2/ref/templates/builtins/#date
    return formats.date_format(moment.astimezone(zone), _("l j F Y"))


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    """14:05, or 02:30 CET where clocks are put back and show it twice."""
    local = moment.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M %Z}" if twice else f"{local:%H:%M}"


def _name(zone: ZoneInfo) -> str:
    return zone.key.replace("_", " ")
