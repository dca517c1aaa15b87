"""Tell the client of a hold about it: a sentence, also in their time zone, kept in the session."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dashboard.holds import local_times
from dashboard.holds.models import Hold
from dashboard.pages.fields import TimeZoneField

SESSION_KEY = "client_zones"
MOST_ZONES = 20  # holds in one session


class TimeZoneForm(forms.Form):
    """A form for the client's time zone."""

    client_zone = TimeZoneField(
        label=_lazy("Client's time zone"),
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "America/New_York"}
        ),
    )


def zone_form(request: HttpRequest, hold_id: int) -> TimeZoneForm:
    """Return the form of a hold's page, and remember the zone that the page's address names."""
    if request.method == "POST" or "client_zone" not in request.GET:
        return TimeZoneForm(initial={"client_zone": _zones(request).get(str(hold_id), "")})
    form = TimeZoneForm(request.GET)
    if form.is_valid():
        remember_zone(request, hold_id, form.cleaned_data["client_zone"])
    return form


def remember_zone(request: HttpRequest, hold_id: int, text: str) -> None:
    """Keep the zone of a hold's client in the session; "" forgets it, other text is ignored."""
    try:
        zone = TimeZoneField(required=False).clean(text)
    except ValidationError:
        return
    zones = {pk: name for pk, name in _zones(request).items() if pk != str(hold_id)}
    if zone:
        zones[str(hold_id)] = zone
    if zones != _zones(request):
        request.session[SESSION_KEY] = dict(list(zones.items())[-MOST_ZONES:])


def zone_of(request: HttpRequest, hold_id: int) -> ZoneInfo | None:
    """Return the zone remembered for a hold's client in this session."""
    name = _zones(request).get(str(hold_id))
    return ZoneInfo(name) if name else None


def _zones(request: HttpRequest) -> dict[str, str]:
    zones: dict[str, str] = request.session.get(SESSION_KEY, {})
    return zones


def sentence(hold: Hold, zone: ZoneInfo | None, *, now: datetime) -> str:
    """Return what to tell the client: the slot held and until when, at the office and in ``zone``.

    ``now`` is on cal.com's clock. Return "" while the end is not known.
    """
    if hold.held_until is None:
        return ""
    office = local_times.office()
    here = _("We are holding %(when)s (%(zone)s) for you until %(until)s.") % {
        "when": _slot(hold, office),
        "zone": _zone_name(office),
        "until": _until(hold.held_until, office, now),
    }
    if zone is None or zone.key == office.key:
        return here
    there = _("In your time zone (%(zone)s) that is %(when)s, held until %(until)s.") % {
        "when": _slot(hold, zone),
        "zone": _zone_name(zone),
        "until": _until(hold.held_until, zone, now),
    }
    return f"{here} {there}"


def _slot(hold: Hold, zone: ZoneInfo) -> str:
    day, start = _day(hold.slot_start, zone), _clock(hold.slot_start, zone)
    if hold.slot_end is None:
        return _("%(day)s, %(start)s") % {"day": day, "start": start}
    end = _clock(hold.slot_end, zone)
    return _("%(day)s, %(start)s–%(end)s") % {"day": day, "start": start, "end": end}


def _until(until: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return the time, with its day unless that is today.

    It is cut to the minute, so that no second is promised too many.
    """
    clock = _clock(until, zone)
    if until.astimezone(zone).date() == now.astimezone(zone).date():
        return clock
    return _("%(day)s, %(start)s") % {"day": _day(until, zone), "start": clock}


def _day(moment: datetime, zone: ZoneInfo) -> str:
    # Translators: a day in full, in Django's letters: https://docs.djangoproject.com/en/5.2/ref/templates/builtins/#date
    return formats.date_format(moment.astimezone(zone), _("l j F Y"))


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return 14:05, or 02:30 CET where clocks are put back and show a time twice."""
    local = moment.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M %Z}" if twice else f"{local:%H:%M}"


def _zone_name(zone: ZoneInfo) -> str:
    return zone.key.replace("_", " ")
