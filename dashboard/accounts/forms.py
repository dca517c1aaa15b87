"""Sign-in, and a person as Admins edit one."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UsernameField
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import User
from dashboard.accounts.people import FIELDS, free_username
from dashboard.accounts.roles import Role, role_of

KEPT = {*FIELDS, "role"}  # of what the form has; a password is only ever given


class SignInForm(AuthenticationForm):
    """Name and password. Says the same of an unknown name, a wrong password and a locked person."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("Name and password do not match. Capital letters count in both."),
    }
    username = UsernameField(
        label=_("Name"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autofocus": True, "autocapitalize": "none", "autocomplete": "username"}
        ),
    )


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person with role and password. ``by`` is who edits, and may not change their own role."""

    by: User  # set by the admin on a subclass for each request

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, required=False)
    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=lazy(password_validators_help_text_html, str)(),
    )
    new_password_again = forms.CharField(
        label=_("New password again"),
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
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
        self.fields["role"].initial = Role.STAFF if new else role_of(self.instance)
        for name in KEPT & self.fields.keys():  # a page only to look at has none of them
            # What the page showed comes back with it, so that only what was changed on it counts.
            self.fields[name].show_hidden_initial = not new
        if not new:
            self.fields["new_password"].help_text = _("Leave both empty to keep the present one.")
        if self.instance.pk == self.by.pk:
            self._lock_own_role()

    def wished(self) -> dict[str, Any]:
        """What is to be saved: of a person who exists, only what was changed on the page.

        A colleague may have changed the rest since the page was made.
        """
        names = KEPT if self.instance.pk is None else KEPT & set(self.changed_data)
        return {name: self.cleaned_data[name] for name in names}

    def clean_username(self) -> str:
        try:
            return free_username(self.cleaned_data["username"], self.instance)
        except ValidationError as exc:
            raise ValidationError(exc.message_dict["username"]) from exc

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new_password") != data.get("new_password_again"):
            self.add_error("new_password_again", _("The two passwords are not the same."))
        return data

    def _post_clean(self) -> None:
        # Django's own place for this: only now does the instance carry the new names.
        super()._post_clean()  # type: ignore[misc]
        password = self.cleaned_data.get("new_password")
        if password:
            try:
                validate_password(password, self.instance)
            except ValidationError as exc:
                self.add_error("new_password", exc)

    def _lock_own_role(self) -> None:
        for name in ("role", "is_active"):
            self.fields[name].disabled = True
            self.fields[name].help_text = _("Another Admin has to change this for you.")
