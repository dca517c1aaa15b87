"""Forms: sign-in, a person as Admins edit one, and a person's own preferences."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    SetPasswordMixin,
    UsernameField,
)
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import Preferences, User
from dashboard.accounts.people import FIELDS, check_full_name, free_username
from dashboard.accounts.roles import Role, role_of
from dashboard.localization import time_zones

Choices = Iterable[tuple[Any, Any]]

SIGN_IN_ERROR = "sign-in-error"  # id of the message in the template
PERSON_FIELDS = {*FIELDS, "role"}  # those with a present value; passwords are write-only
TEXT_FIELDS = {*FIELDS} - {"is_active"}
MAX_EVENT_TYPE_ID = 2**31 - 1  # of cal.com


class SignInForm(AuthenticationForm):
    """User name and password. One message for unknown name, wrong password and inactive person."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("Name and password do not match. Capital letters count in both."),
    }
    username = UsernameField(
        label=_("Name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "username"}),
    )

    def __init__(self, *args: Any, autofocus: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In a bound form the error gets the focus; WebKit would choose a field.
        if autofocus and not self.is_bound:
            self.fields["username"].widget.attrs["autofocus"] = True

    def full_clean(self) -> None:
        super().full_clean()
        if self.non_field_errors():
            error = {"aria-invalid": "true", "aria-describedby": SIGN_IN_ERROR}
            for field in self.fields.values():
                field.widget.attrs |= error


class OwnPasswordForm(PasswordChangeForm):
    """A person's current password, and the new one twice."""

    error_messages = {
        "password_incorrect": _("This is not your password. Capital letters count."),
        "password_mismatch": _("The two passwords are not the same."),
    }
    new_password1, new_password2 = SetPasswordMixin.create_password_fields(
        label1=_("New password"), label2=_("New password again")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("Current password")
        self.fields["new_password2"].help_text = ""
        if self.is_bound:  # then the error has the focus
            del self.fields["old_password"].widget.attrs["autofocus"]

    def validate_password_for_user(self, user: User, *_: Any) -> None:
        super().validate_password_for_user(user, "new_password1")


class PersonForm(SetPasswordMixin, forms.ModelForm):  # type: ignore[type-arg]
    """Person with role and password. ``by`` edits, and cannot change their own role."""

    by: User  # set by the model admin on a subclass for each request, as is the next one
    is_busy: bool = False  # too many passwords are being hashed to hash one more

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, required=False)
    new_password, new_password_again = SetPasswordMixin.create_password_fields(
        label1=_("New password"), label2=_("New password again")
    )
    sign_out_everywhere = forms.BooleanField(
        label=_("Sign out everywhere"),
        required=False,
        help_text=_(
            "Saving then ends all sessions of this person, as a new password or role does."
        ),
    )

    class Meta:
        model = User
        fields = FIELDS
        labels = {"username": _("Name to sign in with")}
        help_texts = {
            "username": _("Letters, digits and @ . + - _"),
            "is_active": _("Switch off instead of deleting: the audit log keeps people's names."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        new = self.instance.pk is None
        for name in ("new_password", "new_password_again"):
            self.fields[name].required = new
        self.fields["new_password_again"].help_text = ""
        self.fields["role"].initial = Role.STAFF if new else role_of(self.instance)
        for name in PERSON_FIELDS & self.fields.keys():  # a read-only page has no fields
            # The page sends back the values it showed, so ``changed_data`` is what was edited.
            self.fields[name].show_hidden_initial = not new
        for name in TEXT_FIELDS & self.fields.keys():  # browsers know the Admin, not this person
            self.fields[name].widget.attrs["autocomplete"] = "off"
        if not new:
            self.fields["new_password"].help_text = _("Leave both empty to keep the present one.")
        if self.instance.pk == self.by.pk:
            for name in ("role", "is_active"):
                self.fields[name].disabled = True
                self.fields[name].help_text = _("Another Admin has to change this for you.")

    def edited(self) -> dict[str, Any]:
        """Return the values to save: all for a new person, else only those edited on the page.

        A colleague may have changed the others since the page was rendered.
        """
        new = self.instance.pk is None
        names = PERSON_FIELDS if new else PERSON_FIELDS & set(self.changed_data)
        return {name: self.cleaned_data[name] for name in names}

    def clean_username(self) -> str:
        if "username" not in self.changed_data:
            return str(self.cleaned_data["username"])  # perhaps from before a rule
        try:
            return free_username(self.cleaned_data["username"], self.instance)
        except ValidationError as exc:
            raise ValidationError(exc.message_dict["username"]) from exc

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new_password") != data.get("new_password_again"):
            self.add_error("new_password_again", _("The two passwords are not the same."))
        if self.is_busy:
            busy = _("Many people are signing in right now. Nothing was saved: try again soon.")
            self.add_error(None, busy)
        return data

    def _post_clean(self) -> None:
        # Like Django's own forms: only now does the instance have the new names, which a
        # password must not resemble.
        super()._post_clean()  # type: ignore[misc]
        if {"first_name", "last_name"} & set(self.changed_data):
            try:
                check_full_name(self.instance)
            except ValidationError as exc:
                self.add_error(None, exc)
        self.validate_password_for_user(self.instance, "new_password")


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    """Preferences of a person, who edits them; an empty field selects the default.

    ``event_types`` lists (id, name) to choose from; without it the id is entered as a number.
    """

    all_may_be_empty = True  # so the template marks no field as optional

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("My browser's")), *settings.LANGUAGES]
    )
    hold_minutes = forms.IntegerField(
        label=_("Usual minutes to hold a time"),
        required=False,
        min_value=1,
        validators=[MaxValueValidator(lambda: settings.HOLD_MINUTES_MAX)],
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    event_type_id = forms.IntegerField(
        label=_("Usual appointment type"), required=False, min_value=1, max_value=MAX_EVENT_TYPE_ID
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
        zones = time_zone_choices(self.instance.time_zone)
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]
        minutes = self.fields["hold_minutes"]
        minutes.widget.attrs["max"] = settings.HOLD_MINUTES_MAX
        minutes.help_text = _("From 1 to %(most)s; empty means the office's %(usual)s.") % {
            "most": settings.HOLD_MINUTES_MAX,
            "usual": settings.HOLD_MINUTES,
        }
        if listed := list(event_types):
            chosen = self["event_type_id"].value()
            if chosen and str(chosen) not in {str(number) for number, _name in listed}:
                listed.append((chosen, _("Event type %(id)s") % {"id": chosen}))
            choices = [("", _("None")), *listed]
            self.fields["event_type_id"].widget = forms.Select(choices=choices)


def time_zone_choices(present: str = "") -> list[tuple[str, Any]]:
    """Return the office's zone first, then all current zones and the ``present`` one.

    A present zone that tzdata no longer has is left out: the office's is in effect instead.
    """
    zone = time_zones.display_name(settings.OFFICE_TIME_ZONE)
    office = ("", _("The office's (%(zone)s)") % {"zone": zone})
    names = {*time_zones.places(), *([present] if time_zones.load(present) else [])}
    shown = [(name, time_zones.display_name(name).replace("_", " ")) for name in sorted(names)]
    return [office, *shown]
