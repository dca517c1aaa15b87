"""Filter form of the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_lazy as _lazy

from dashboard.audit import terms
from dashboard.audit.models import AuditEntry
from dashboard.audit.named_people import Context, Person
from dashboard.audit.pictures import Range
from dashboard.audit.rollups import MAX_ID
from dashboard.audit.search import Condition, by_system
from dashboard.audit.term_values import YEARS, TermError, local_days
from dashboard.audit.terms import READERS, WITHOUT_OUTCOME, Term
from dashboard.audit.trail import SYSTEM
from dashboard.localization import local_times
from dashboard.localization.folding import fold

VISIBLE = ("find", "person", "action", "outcome", "hold", "event", "last", "since", "until")
ALL = ("", _lazy("all"))
ACTIONS = [ALL, *AuditEntry.Action.choices]
OUTCOMES = [ALL, *AuditEntry.Outcome.choices, (WITHOUT_OUTCOME, _lazy("no outcome"))]
# Among which a word of a search is looked for.
CHOICES = {"action": AuditEntry.Action.choices, "outcome": AuditEntry.Outcome.choices}
LAST_DAYS = [(1, _lazy("Today")), (7, _lazy("7 days")), (30, _lazy("30 days"))]
DAYS = 7  # without a choice
NAMES_MANY = 3  # choices, as "hold" does
MOST_DAYS = timedelta(days=366)
EARLIEST, LATEST = date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)


def day_field(label: Any) -> forms.DateField:
    """Return a date field for a day in the reader's time zone."""
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
    )


def number_field(label: Any) -> forms.IntegerField:
    """Return a field for the number of something."""
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=MAX_ID,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of a search, and the query of the search without it."""

    text: str
    rest: str


class LogForm(forms.Form):
    """Optional filters; without any the form selects the whole log. One query, for the people."""

    find = forms.CharField(
        label=_lazy("Find"),
        required=False,
        max_length=500,
        strip=True,
        # Django adds its id of the error only where the widget names nothing itself.
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "aria-describedby": "id_find_error find-help",
                "data-key": "/",
            }
        ),
    )
    person = forms.ChoiceField(label=_lazy("Person"), required=False)
    # Choices in functions, because each form would copy those in a list, one by one.
    action = forms.ChoiceField(label=_lazy("Action"), required=False, choices=lambda: ACTIONS)
    outcome = forms.ChoiceField(label=_lazy("Outcome"), required=False, choices=lambda: OUTCOMES)
    hold = number_field(_lazy("Number of the hold"))
    event = number_field(_lazy("Event type number"))
    last = forms.TypedChoiceField(
        label=_lazy("Last days"),
        choices=lambda: [ALL, *LAST_DAYS],
        required=False,
        coerce=int,
        empty_value=None,
    )
    since = day_field(_lazy("From day"))
    until = day_field(_lazy("To day"))
    # Ends of the pages beside. Never rendered, so that a new search starts with the first page.
    before = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, widget=forms.HiddenInput
    )
    after = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_ID, widget=forms.HiddenInput
    )
    # Count what is written after the newest page.
    follow = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, viewer: int | None = None, now: datetime | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.context = Context(people(), viewer, now or timezone.now())
        self.term_conditions: list[Condition] = []
        self.fields["person"].choices = self.persons  # type: ignore[attr-defined]

    def persons(self) -> list[tuple[str, str]]:
        known = [(str(each.pk), each.name) for each in self.context.people]
        return [("", _("anyone")), (SYSTEM, _("the system")), *known]

    @property
    def applied(self) -> list[str]:
        """Texts of the chosen filters."""
        return self.texts_of(self.cleaned_data)

    @property
    def recorded(self) -> list[str]:
        """Texts of the chosen filters for the log, in which no client is named."""
        find = terms.without_words(self.cleaned_data["find"])
        return self.texts_of(self.cleaned_data | {"find": find})

    def texts_of(self, chosen: dict[str, Any]) -> list[str]:
        return [text for name in VISIBLE if (text := self.text_of(name, chosen.get(name)))]

    def text_of(self, name: str, value: Any) -> str:
        """Return label and value of a chosen filter, "" of one that is not."""
        field = self.fields[name]
        if value and isinstance(field.widget, forms.Select):
            value = dict(field.widget.choices)[value]
        text = date_format(value, _("D j M Y")) if isinstance(value, date) else value
        return f"{field.label}: {text}" if value else ""

    @property
    def chips(self) -> list[Chip]:
        """Return each term and each other choice, with the search that is left without it."""
        if not self.is_valid():
            return []
        found = list(terms.terms(self.cleaned_data["find"]))
        chips = [
            Chip(str(term), self.without("find", found[:place] + found[place + 1 :]))
            for place, term in enumerate(found)
        ]
        for name in VISIBLE:
            if name != "find" and (text := self.text_of(name, self.cleaned_data[name])):
                chips.append(Chip(text, self.without(name)))
        return chips

    @property
    def named_choice(self) -> Chip | None:
        """Return an action or outcome that a word names, and the search for it without the word."""
        read = list(terms.terms(self.cleaned_data["find"]))
        for place, term in enumerate(read):
            for field, choices in CHOICES.items() if term.is_sought else ():
                named = choices_called(term.value, choices)
                if 0 < len(named) < NAMES_MANY and not self.cleaned_data[field]:
                    code, label = named[0]
                    rest = self.without("find", read[:place] + read[place + 1 :])
                    text = f"{self.fields[field].label}: {label}"
                    return Chip(text, f"{rest}&{field}={code}")
        return None

    @property
    def query(self) -> str:
        """Return the search as the query of an address, without its place in the pages."""
        return self.choices().urlencode()

    def without(self, name: str, rest: Sequence[Term] = ()) -> str:
        query = self.choices()
        query[name] = " ".join(map(str, rest))
        if not rest:
            del query[name]
        return query.urlencode()

    def choices(self) -> QueryDict:
        """Return what was chosen or typed, as it was sent."""
        query = QueryDict(mutable=True)
        query.update({name: self.data[name] for name in VISIBLE if self.data.get(name)})
        return query

    def clean_find(self) -> str:
        """Read the terms; a term that makes no sense is an error beside the field."""
        text: str = self.cleaned_data["find"]
        try:
            self.term_conditions = terms.conditions(text, self.context)
        except TermError as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def clean(self) -> None:
        super().clean()
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day is before the first one."))

    def conditions(self) -> list[Condition]:
        """Return the conditions of a valid form on actions; days are those of the reader."""
        chosen, found = self.cleaned_data, list(self.term_conditions)
        for name in ("action", "outcome", "hold", "event"):
            if chosen[name]:
                found.append(READERS[name](str(chosen[name]), self.context))
        if person := chosen["person"]:
            found.append(by_system() if person == SYSTEM else Q(actor=int(person)))
        since = chosen["since"]
        if chosen["last"]:
            first = local_times.local_date(self.context.now) - timedelta(days=chosen["last"] - 1)
            since = max(since or first, first)
        return [*found, local_days(since, chosen["until"])]


class RangeForm(forms.Form):
    """The days of the pictures: the last ones up to today, or from one day to another."""

    last = forms.TypedChoiceField(
        choices=LAST_DAYS, required=False, coerce=int, widget=forms.HiddenInput
    )
    since = day_field(_lazy("From day"))
    until = day_field(_lazy("To day"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    @property
    def last_days(self) -> int | None:
        """Number of days up to today, None where days were given."""
        chosen = self.cleaned_data
        return None if chosen["since"] or chosen["until"] else chosen["last"] or DAYS

    def clean(self) -> None:
        super().clean()
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and (until or self.today) < since:
            self.add_error("until", _("This day is before the first one."))
        if since and (until or self.today) - since >= MOST_DAYS:
            self.add_error("until", _("Choose at most a year."))

    def chosen(self) -> Range:
        """Return the range of a valid form."""
        until = self.cleaned_data["until"] or self.today
        first = until - timedelta(days=(self.last_days or 1) - 1)
        return Range(self.cleaned_data["since"] or first, until)


def choices_called(word: str, choices: Sequence[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Return code and label of the choices of which a word begins like this one."""
    return [
        (code, str(label))
        for code, label in choices
        if any(each.startswith(fold(word)) for each in fold(f"{code} {label}").split())
    ]


def people() -> tuple[Person, ...]:
    """Return all people by user name."""
    found = get_user_model()._default_manager.order_by("username")
    named = found.only("username", "first_name", "last_name")
    return tuple(Person(each.pk, each.get_username(), each.name_and_username) for each in named)
