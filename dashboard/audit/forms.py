"""The filters of the log."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from dashboard.accounts.models import User
from dashboard.audit import values
from dashboard.audit.models import AuditEntry
from dashboard.audit.search import WITHOUT_OUTCOME, Wanted

SYSTEM = "system"
LARGEST_ID = 2**63 - 1
# Beyond these there is nothing, and moments near the ends of the calendar overflow.
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def day_field(label: Any) -> forms.DateField:
    """A day of the reader's calendar."""
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
    )


class LogForm(forms.Form):
    """Everything is optional; nothing chosen is the whole log. One query, for the people."""

    person = forms.ChoiceField(label=_lazy("Person"), required=False)
    action = forms.ChoiceField(label=_lazy("Action"), required=False)
    outcome = forms.ChoiceField(label=_lazy("Outcome"), required=False)
    since = day_field(_lazy("From day"))
    until = day_field(_lazy("To day"))
    # Where the page before this one ended; kept out of the form, so that a new search starts anew.
    before = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("person", [("", _("anyone")), (SYSTEM, _("the system")), *_people()])
        self._offer("action", [("", _("all")), *AuditEntry.Action.choices])
        outcomes = [*AuditEntry.Outcome.choices, (WITHOUT_OUTCOME, _("no outcome"))]
        self._offer("outcome", [("", _("all")), *outcomes])

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def filters(self) -> list[forms.BoundField]:
        """The fields that people see."""
        return [self[name] for name in ("person", "action", "outcome", "since", "until")]

    def clean(self) -> None:
        super().clean()
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day is before the first one."))

    def wanted(self) -> Wanted:
        """The search that a valid form asks for; days begin at midnight in the reader's zone."""
        chosen = self.cleaned_data
        person, until = chosen["person"], chosen["until"]
        return Wanted(
            person=int(person) if person and person != SYSTEM else None,
            by_system=person == SYSTEM,
            action=chosen["action"],
            outcome=chosen["outcome"],
            since=_midnight(chosen["since"]) if chosen["since"] else None,
            until=_midnight(until + timedelta(days=1)) if until else None,
        )


def _people() -> list[tuple[str, str]]:
    return [(str(person.pk), _named(person)) for person in User.objects.order_by("username")]


def _named(person: User) -> str:
    name = person.get_full_name()
    return f"{name} ({person.username})" if name else person.username


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=values.zone()).astimezone(UTC)
