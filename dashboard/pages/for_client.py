"""Tell the client of a hold about it: a sentence, also in their time zone, kept in the session."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy as _lazy

from dashboard.holds import hosts
from dashboard.holds.models import Hold
from dashboard.localization import local_times, time_zones
from dashboard.pages.fields import TimeZoneField

SESSION_KEY = "client_zones"
MOST_ZONES = 20  # holds in one session


class TimeZoneForm(forms.Form):
    client_zone = TimeZoneField(
        label=_lazy("Client's time zone"),
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "America/New_York"}
        ),
    )

    @property
    def zone_choices(self) -> list[str]:
        """Return the zones that the text may mean; [] for a text that is clear."""
        errors = self.errors.as_data().get("client_zone", [])
        found = [(error.params or {}).get("found", ()) for error in errors]
        return [name.replace("_", " ") for names in found for name in names]


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


def zone_of(request: HttpRequest, hold_id: int) -> tzinfo | None:
    """Return the zone remembered for a hold's client in this session."""
    return time_zones.load(_zones(request).get(str(hold_id), ""))


def _zones(request: HttpRequest) -> dict[str, str]:
    zones: dict[str, str] = request.session.get(SESSION_KEY, {})
    return zones


def sentence(hold: Hold, zone: tzinfo | None, *, now: datetime) -> str:
    """Return what to tell the client: the slot held and until when, at the office and in ``zone``.

    ``now`` is on cal.com's clock. Return "" while the end is not known.
    """
    if hold.held_until is None:
        return ""
    office = local_times.office()
    words = _("We are holding %(when)s (%(zone)s) for you until %(until)s.")
    if what := appointment(hold):
        words = _("We are holding %(what)s for you: %(when)s (%(zone)s), until %(until)s.")
    here = words % (_values(hold, hold.held_until, office, now) | {"what": what})
    if zone is None or str(zone) == str(office):
        return here
    there = _("In your time zone (%(zone)s) that is %(when)s, held until %(until)s.") % _values(
        hold, hold.held_until, zone, now
    )
    return f"{here} {there}"


def sentence_of_several(holds: Sequence[Hold], *, now: datetime) -> str:
    """Return what to tell a client of several times: those known to be kept, and until when.

    ``now`` is on cal.com's clock. Return "" where none is.
    """
    kept = [hold for hold in holds if hold.is_assured(now)]
    if len(kept) == 1:
        return sentence(kept[0], None, now=now)
    if not kept:
        return ""
    office = local_times.office()
    what, *others = {appointment(hold): None for hold in kept}
    words = _("We are holding these times (%(zone)s) for you: %(times)s.")
    if what and not others:
        words = _("We are holding %(what)s for you at these times (%(zone)s): %(times)s.")
    times = []
    for hold in kept:
        values = _values(hold, hold.held_until or now, office, now)
        time = _("%(when)s, until %(until)s") % values
        times.append(f"{appointment(hold)}, {time}" if others and appointment(hold) else time)
    zone = local_times.zone_name().replace("_", " ")
    return words % {"what": what, "zone": zone, "times": "; ".join(times)}


def appointment(hold: Hold) -> str:
    """Return what the client comes for, and to whom; "" where that has no name.

    Of a round robin it is not known yet whom the client will see.
    """
    if not hold.event_type_title or hosts.is_pooled(hold):
        return hold.event_type_title
    people = ", ".join(hosts.named_hosts(hold).values())
    with_whom = _("%(appointment)s with %(people)s")
    values = {"appointment": hold.event_type_title, "people": people}
    return with_whom % values if people else hold.event_type_title


def _values(hold: Hold, until: datetime, zone: tzinfo, now: datetime) -> dict[str, str]:
    """Return the slot, the end of the hold and the name of the zone, as clocks there show them."""
    with timezone.override(zone):
        return {
            "when": local_times.slot_in_full(hold.slot_start, hold.slot_end),
            "zone": local_times.zone_name().replace("_", " "),
            "until": local_times.until_in_full(until, now),
        }


def client_time(moment: datetime, zone: str) -> str:
    """Return the time at the client's, with its day where that is another; "" without a zone."""
    there = time_zones.load(zone)
    if there is None:
        return ""
    here = local_times.local_date(moment)
    with timezone.override(there):
        time = local_times.minute(moment)
        is_same_day = local_times.local_date(moment) == here
        return time if is_same_day else f"{local_times.day(moment)} {time}"
