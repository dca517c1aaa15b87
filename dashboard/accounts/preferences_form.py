"""How somebody likes to work, as they say it themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import Preferences

LARGEST = 2**31 - 1  # as large as cal.com's numbers of event types get
# The parts of the world in the names of zones; the other names there are older spellings of these.
REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)

Choices = Iterable[tuple[Any, Any]]


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whatever is left empty stays as the office has it."""

    all_may_be_empty = True  # so no label says so

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    hold_minutes = forms.IntegerField(
        label=_("Usual minutes to hold a time"),
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        validators=[MinValueValidator(1), MaxValueValidator(lambda: settings.HOLD_MINUTES_MAX)],
    )
    event_type_id = forms.IntegerField(
        label=_("Usual appointment type"), required=False, min_value=1, max_value=LARGEST
    )

    class Meta:
        model = Preferences
        fields = (
            "time_zone",
            "language",
            "hold_minutes",
            "event_type_id",
            "density",
            "sound",
            "desktop_notice",
            "shortcuts",
        )
        labels = {
            "density": _("Table rows"),
            "sound": _("Play a sound when a hold of mine is about to run out"),
            "desktop_notice": _("Show a notice on the desktop when a hold is about to run out"),
            "shortcuts": _("Keyboard shortcuts"),
        }
        help_texts = {
            "desktop_notice": _("Your browser asks you once whether it may."),
            "shortcuts": _("Switch them off if you dictate, or if they get in your way."),
        }
        widgets = {"density": forms.RadioSelect}

    def __init__(self, *args: Any, event_types: Choices = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("time_zone", zones(self.instance.time_zone))
        self._offer("language", languages())
        self._limit_minutes()
        self._offer_event_types(list(event_types))

    def _offer(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(choices)

    def _limit_minutes(self) -> None:
        field = self.fields["hold_minutes"]
        field.widget.attrs |= {"min": 1, "max": settings.HOLD_MINUTES_MAX}
        field.help_text = _("From 1 to %(most)s; empty means the office’s %(usual)s.") % {
            "most": settings.HOLD_MINUTES_MAX,
            "usual": settings.HOLD_MINUTES,
        }

    def _offer_event_types(self, listed: list[tuple[Any, Any]]) -> None:
        """By name where cal.com lists them, else by number."""
        if not listed:
            return
        chosen = self["event_type_id"].value()
        if chosen and str(chosen) not in {str(number) for number, _name in listed}:
            listed.append((chosen, _("Event type %(id)s") % {"id": chosen}))
        choices = [("", _("None")), *listed]
        self.fields["event_type_id"].widget = forms.Select(choices=choices)


def zones(present: str = "") -> list[tuple[str, Any]]:
    """The office's zone first, then all of the world, and the one that is chosen already."""
    office = _("The office’s (%(zone)s)") % {"zone": settings.OFFICE_TIME_ZONE}
    names = {name for name in available_timezones() if name.partition("/")[0] in REGIONS}
    names |= {"UTC", present} - {""}
    return [("", office), *((name, name.replace("_", " ")) for name in sorted(names))]


def languages() -> list[tuple[str, Any]]:
    """The browser's choice first, then each language in its own words."""
    return [("", _("My browser’s")), *settings.LANGUAGES]
