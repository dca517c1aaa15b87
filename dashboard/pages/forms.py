"""What people type. Types and shapes are checked here, rules in the services."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from dashboard.calcom import EventType
from dashboard.holds import local_times, services, transfer
from dashboard.holds.placing import ClientDetails
from dashboard.holds.problems import HoldError
from dashboard.pages.fields import SlotStartField, TokenField

LARGEST = 2**31 - 1

REASONS = [
    ("", _("No reason")),
    ("client_rang_off", _("Client hung up")),
    ("client_chose_other", _("Client chose another time")),
    ("booked", _("Booked")),
    ("mistake", _("Placed by mistake")),
    ("other", _("Another reason")),
]


TAKE_OVER_REASONS = [
    ("absent", _("The holder is away")),
    ("client_asked", _("The client asked me")),
    ("handed_over", _("Agreed with the holder")),
    ("other", _("Another reason")),
]


class ShowingErrors(forms.Form):
    """A form that shows a service's refusal beside the fields that it concerns."""

    def show(self, error: HoldError) -> None:
        for name, message in error.fields.items():
            self.add_error(name if name in self.fields else None, message)


def _minutes(label: Any, *, required: bool = False, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=required,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 1}),
    )


class ClockInput(forms.TimeInput):
    """A browser's own picker of a time, which speaks ISO 8601 whatever the language."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class ClientForm(ShowingErrors):
    """For whom a time is held. Stays with us."""

    client_name = forms.CharField(
        label=_("Client"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    client_contact = forms.CharField(
        label=_("Contact"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = forms.CharField(label=_("Note"), max_length=1000, required=False)

    def client(self) -> ClientDetails:
        data = self.cleaned_data
        return ClientDetails(data["client_name"], data["client_contact"], data["note"])


class SlotForm(ShowingErrors):
    """A slot: event type, start, and a length where several are offered."""

    event_type_id = forms.IntegerField(label=_("Event type"), min_value=1, max_value=LARGEST)
    slot_start = SlotStartField(label=_("Date and time"))
    slot_duration = _minutes(
        _("Length in minutes"), help_text=_("Only for event types that offer several lengths.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = _("In %(zone)s.") % {"zone": local_times.zone_name()}
        self.fields["slot_start"].help_text = zone

    def list_event_types(self, event_types: tuple[EventType, ...], chosen: Any = None) -> None:
        """Event types by name. Without a list, or for one that is not listed, by number."""
        if not event_types:
            return
        choices = [("", "")] + [(e.id, _name(e)) for e in event_types]
        chosen = self.data.get("event_type_id") if self.is_bound else chosen
        if chosen and str(chosen) not in {str(value) for value, _name in choices}:
            choices.append((chosen, _("Event type %(id)s") % {"id": chosen}))
        self.fields["event_type_id"].widget = forms.Select(choices=choices)


class PlaceForm(SlotForm, ClientForm):
    """A new hold."""

    other_event_type_id = forms.IntegerField(
        label=_("Or its number"),
        required=False,
        min_value=1,
        max_value=LARGEST,
        help_text=_("For an event type that is not in the list, such as a team's."),
    )
    reservation_duration = _minutes(_("Minutes from now"))
    token = TokenField(required=False)
    # Numbers of the offer that it is one more time of, and of the hold that it is like.
    offer = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST, widget=forms.HiddenInput
    )
    again = forms.IntegerField(required=False, widget=forms.HiddenInput)

    use_required_attribute = False  # either of the first two will do
    field_order = ["event_type_id", "other_event_type_id", "slot_start", "slot_duration"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event_type_id"].required = not self.data.get("other_event_type_id")
        duration = self.fields["reservation_duration"]
        duration.initial = settings.HOLD_MINUTES
        duration.help_text = _("From 1 to %(most)s.") % {"most": settings.HOLD_MINUTES_MAX}
        duration.widget.attrs["max"] = settings.HOLD_MINUTES_MAX
        self.fields["token"].initial = uuid.uuid4

    def for_same_client(self) -> None:
        """Whoever was offered the other times is offered this one."""
        for name in ("client_name", "client_contact"):
            self.fields[name].widget.attrs["readonly"] = True
        help_text = _("The client who was offered the other times.")
        self.fields["client_name"].help_text = help_text

    def renew_token(self) -> None:
        """A form that is shown again is another attempt."""
        self.data = {**self.data.dict(), "token": str(uuid.uuid4())}  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("other_event_type_id"):
            data["event_type_id"] = data["other_event_type_id"]
        if data.get("reservation_duration") is None:
            data["reservation_duration"] = settings.HOLD_MINUTES
        return data


class ExtendForm(ShowingErrors):
    """Minutes from now, minutes to add to held-until, or the time that the person's clock shows."""

    until = forms.TimeField(label=_("Until"), required=False, widget=ClockInput)
    reservation_duration = _minutes(_("Or minutes from now"))
    add = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    retake = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        duration = self.fields["reservation_duration"]
        duration.help_text = _("From 1 to %(most)s.") % {"most": settings.HOLD_MINUTES_MAX}
        duration.widget.attrs["max"] = settings.HOLD_MINUTES_MAX
        self.fields["until"].help_text = _("In %(zone)s.") % {"zone": local_times.zone_name()}

    def clean(self) -> dict[str, Any]:
        """A button that adds minutes means what it says, whatever else was left in the form."""
        data = super().clean() or {}
        if data.get("add"):
            data |= {"until": None, "reservation_duration": None}
        if data.get("until") and data.get("reservation_duration"):
            self.add_error("until", _("Give either a time or minutes, not both."))
        return data

    def until_when(self, at: datetime) -> datetime | None:
        """The next moment that shows the time which was typed. An error beside it where none does.

        ``at`` is the moment on cal.com's clock.
        """
        local: time | None = self.cleaned_data["until"]
        if local is None:
            return None
        moment = local_times.next_shown(local, at)
        if moment is None:
            self.add_error("until", _("This time does not exist: the clocks go forward then."))
        return moment


class MoveForm(SlotForm):
    """Another slot, and until when: without minutes the hold keeps its end."""

    reservation_duration = _minutes(
        _("Minutes from now"), help_text=_("Leave empty to keep the present end.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event_type_id"].required = False

    def wish(self) -> dict[str, Any]:
        """The arguments of ``services.move``."""
        names = ("slot_start", "event_type_id", "slot_duration", "reservation_duration")
        return {name: self.cleaned_data[name] for name in names}


class ReleaseForm(ShowingErrors):
    """Why a time is given free: a code for the audit, free text for the hold."""

    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.RadioSelect(choices=REASONS),
    )
    note = forms.CharField(label=_("In your own words"), required=False, max_length=500)

    def clean(self) -> dict[str, Any]:
        """A reason that is none of ours is free text: it belongs on the hold."""
        return _own_words(super().clean() or {}, services.RELEASE_REASONS)


def _own_words(data: dict[str, Any], codes: Collection[str]) -> dict[str, Any]:
    reason = data.get("reason", "")
    if reason and reason not in codes:
        data["note"] = f"{reason} {data.get('note', '')}".strip()[:500]
        data["reason"] = "other"
    return data


class TakeOverForm(ShowingErrors):
    """Why a colleague's hold is taken over: a code for the audit, free text for the hold's note."""

    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.RadioSelect(choices=TAKE_OVER_REASONS),
    )
    note = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=500,
        help_text=_("It is added to the note of the hold."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Its page has another form that asks why.
        super().__init__(*args, **kwargs | {"auto_id": "id_take_over_%s"})

    def clean(self) -> dict[str, Any]:
        """A reason that is none of ours is free text: it belongs on the hold."""
        return _own_words(super().clean() or {}, transfer.REASONS)


class TakeForm(ClientForm):
    """For whom a reservation is taken in; ``find`` stands for the uid that was looked up."""

    find = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)


class LookUpForm(ShowingErrors):
    """A reservation's uid, which is never shown again."""

    uid = forms.RegexField(
        r"^[A-Za-z0-9_-]+$",
        label=_("Reservation uid"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"invalid": _("A uid has only letters, digits, - and _.")},
    )


def _name(event_type: EventType) -> str:
    lengths = event_type.length_options or (event_type.length_in_minutes,)
    minutes = "/".join(map(str, lengths))
    return f"{event_type.title} · {minutes} min"
