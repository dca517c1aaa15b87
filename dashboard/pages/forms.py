"""Forms that more than one page shows. Fields check types and shapes, services the rules."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from dashboard.calcom import LARGEST_INTEGER
from dashboard.holds.models import NOTE_LENGTH
from dashboard.holds.new_holds import ClientDetails
from dashboard.holds.problems import HoldError
from dashboard.holds.states import BOOKED_BY_STAFF
from dashboard.localization import local_times
from dashboard.pages.fields import LineField, SlotStartField, minutes_field

# Browsers must not keep what is typed about a client: several people use the computer of a desk.
NOTE_INPUT = forms.TextInput(attrs={"autocomplete": "off"})
# The page's script offers clients of the register there: see ``pages.clients``. Some browsers send
# words to a server that checks their spelling, which does not know names.
CLIENT_INPUT = forms.TextInput(
    attrs={"autocomplete": "off", "spellcheck": "false", "data-clients": reverse_lazy("clients")}
)
# Codes in the audit, whose words there are in ``audit.action_labels``.
RELEASE_REASONS = [
    ("", _("No reason")),
    ("client_rang_off", _("Client hung up")),
    ("client_chose_other", _("Client chose another time")),
    (BOOKED_BY_STAFF, _("Booked")),
    ("mistake", _("Placed by mistake")),
    ("other", _("Another reason")),
]
TAKE_OVER_REASONS = [
    ("absent", _("The holder is away")),
    ("client_asked", _("The client asked me")),
    ("handed_over", _("Agreed with the holder")),
    ("other", _("Another reason")),
]


class ServiceForm(forms.Form):
    """A form whose values go to a service, which may refuse some of them."""

    def add_refusal(self, error: HoldError) -> None:
        """Show a service's refusal beside the fields that it concerns.

        The page's problem already says what happened, where that concerns none of them.
        """
        for name, message in error.fields.items():
            if name in self.fields:
                self.add_error(name, message)
            elif message != error.happened:
                self.add_error(None, message)


class ClientForm(ServiceForm):
    """A client that a time is held for. cal.com is not told."""

    client_name = LineField(label=_("Client"), max_length=200, required=False, widget=CLIENT_INPUT)
    client_contact = LineField(
        label=_("Contact"), max_length=200, required=False, widget=CLIENT_INPUT
    )
    note = LineField(label=_("Note"), max_length=NOTE_LENGTH, required=False, widget=NOTE_INPUT)

    def client(self) -> ClientDetails:
        """Return the valid values as services take them."""
        data = self.cleaned_data
        return ClientDetails(data["client_name"], data["client_contact"], data["note"])


class ClientChangeForm(ClientForm):
    """The client of a hold that stands, on its page beside forms with the same field names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "id_client_form_%s"})


class SlotForm(ServiceForm):
    """A slot: event type, start, and a length where several are offered."""

    event_type_id = forms.IntegerField(
        label=_("Event type"), min_value=1, max_value=LARGEST_INTEGER
    )
    slot_start = SlotStartField(label=_("Date and time"))
    slot_duration = minutes_field(
        _("Length in minutes"), help_text=_("Only for event types that offer several lengths.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = _("In %(zone)s.") % {"zone": local_times.zone_name()}
        self.fields["slot_start"].help_text = zone

    def slot(self) -> dict[str, Any]:
        """Return the valid values as arguments of the services that place and move."""
        names = ("slot_start", "event_type_id", "slot_duration", "reservation_duration")
        return {name: self.cleaned_data[name] for name in names}


class ReasonForm(ServiceForm):
    """A ready reason, as a code for the audit log, or any text, which stays on the hold."""

    reasons: list[tuple[str, Any]]

    reason = LineField(
        label=_("Why"),
        required=False,
        # Not by max_length, which would give each radio button a maxlength.
        validators=[MaxLengthValidator(500)],
    )
    note = LineField(
        label=_("In your own words"), required=False, max_length=500, widget=NOTE_INPUT
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].widget = forms.RadioSelect(choices=self.reasons)

    def clean(self) -> dict[str, Any]:
        """Take a reason that is not one of the codes as free text."""
        data = super().clean() or {}
        reason = data.get("reason", "")
        if reason and reason not in dict(self.reasons):
            data["note"] = f"{reason} {data.get('note', '')}".strip()[:500]
            data["reason"] = "other"
        return data


class ReleaseForm(ReasonForm):
    reasons = RELEASE_REASONS


class TakeOverForm(ReasonForm):
    """Reason to take over a colleague's hold. The free text is added to the hold's note."""

    reasons = TAKE_OVER_REASONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The hold's page has a release form, too, with the same field names.
        super().__init__(*args, **kwargs | {"auto_id": "id_take_over_%s"})
        self.fields["note"].help_text = _("It is added to the note of the hold.")
