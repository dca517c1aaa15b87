"""The form above the free times: of what, on which day, and what the client's clock shows."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from dashboard.calcom import EventType
from dashboard.pages.client_zones import ZoneForm
from dashboard.pages.fields import FIRST_YEAR, LAST_YEAR
from dashboard.pages.forms import LARGEST


class DayInput(forms.DateInput):
    """A browser's own date picker, which speaks ISO 8601 whatever the language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PickForm(ZoneForm):
    """Which free times to look at. Each part that cannot be read falls back to its usual value."""

    event_type_id = forms.IntegerField(label=_lazy("What"), min_value=1, max_value=LARGEST)
    other_event_type_id = forms.IntegerField(required=False, min_value=1, max_value=LARGEST)
    slot_duration = forms.IntegerField(label=_lazy("Length"), min_value=1)
    day = forms.DateField(label=_lazy("Day"), widget=DayInput)
    view = forms.CharField(required=False)
    seek = forms.BooleanField(required=False)

    use_required_attribute = False

    def clean_day(self) -> date | None:
        day: date = self.cleaned_data["day"]
        if not FIRST_YEAR <= day.year < LAST_YEAR - 1:
            raise ValidationError(_lazy("This year is too far away."))
        return day

    def offer(self, event_types: tuple[EventType, ...], known: EventType | None) -> None:
        """What there is to choose from, and the lengths of what is chosen."""
        listed = {e.id: e for e in event_types}
        if known is not None:
            listed[known.id] = known
            if known.length_options:
                lengths = [(n, _("%(n)s min") % {"n": n}) for n in known.length_options]
                self.fields["slot_duration"].widget = forms.Select(choices=lengths)
        if event_types:
            choices = [(e.id, describe(e)) for e in listed.values()]
            self.fields["event_type_id"].widget = forms.Select(choices=choices)


def describe(event_type: EventType) -> str:
    """Name, lengths, seats and owners in one line."""
    lengths = "/".join(map(str, event_type.length_options or (event_type.length_in_minutes,)))
    parts = [event_type.title, _("%(n)s min") % {"n": lengths}]
    if event_type.seats_per_time_slot:
        seats = event_type.seats_per_time_slot
        parts.append(ngettext("%(n)s seat", "%(n)s seats", seats) % {"n": seats})
    parts.append(", ".join(event_type.owners))
    return " · ".join(part for part in parts if part)
