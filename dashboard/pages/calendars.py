"""Calendars, for Admins: the list with a form to add one, and a page to change each."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy as _lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.accounts.actors import actor_of
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.accounts.saved_forms import recall
from dashboard.calcom import LARGEST_INTEGER
from dashboard.calcom_state import event_types
from dashboard.calendars import catalogue, changes
from dashboard.calendars.changes import CalendarError
from dashboard.calendars.models import Calendar
from dashboard.holds import messages as hold_messages, new_calendars
from dashboard.holds.problems import HoldError
from dashboard.pages.fields import LineField
from dashboard.pages.forms import ServiceForm
from dashboard.pages.responses import missing_is_404

POSITION = forms.IntegerField(label=_lazy("Position"), min_value=1, max_value=1000)


class AddForm(ServiceForm):
    """Take a text to look for, or a team, which is chosen where cal.com tells the teams."""

    typed = forms.CharField(
        label=_lazy("Person or event type"),
        required=False,
        max_length=500,
        help_text=_lazy(
            "A user name at cal.com, the number of an event type, or an address such as"
            " https://cal.com/name/consultation."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    team_id = forms.IntegerField(
        label=_lazy("Or a team"), required=False, min_value=1, max_value=LARGEST_INTEGER
    )
    label = LineField(
        label=_lazy("Label"),
        required=False,
        max_length=100,
        help_text=_lazy("Empty means the name at cal.com."),
    )
    colour = forms.ChoiceField(label=_lazy("Colour"), choices=Calendar.Colour.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team_id"]
        if teams := event_types.teams():
            choices = [("", ""), *((each.id, each.name) for each in teams)]
            team.widget = forms.Select(choices=choices)
        else:
            team.help_text = _("By its number: cal.com does not tell the teams of this key.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("typed")) == bool(data.get("team_id")) and not self.errors:
            self.add_error("typed", _("Give either a person or event type, or a team."))
        return data


class CalendarForm(forms.Form):
    label = LineField(label=_lazy("Label"), max_length=100)
    colour = forms.ChoiceField(label=_lazy("Colour"), choices=Calendar.Colour.choices)
    position = POSITION
    is_paused = forms.BooleanField(
        label=_lazy("Paused: it is shown, and takes no new holds"), required=False
    )
    is_hidden = forms.BooleanField(
        label=_lazy("Hidden: it is not offered, except by the number of an event type"),
        required=False,
    )
    # ModelMultipleChoiceField would ask SQLite for a number of any length, which then fails.
    people = forms.TypedMultipleChoiceField(
        label=_lazy("People limited to this calendar"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_lazy(
            "Ticked people may hold only for the calendars in which they are ticked. All others may"
            " hold for every calendar. Admins are never limited."
        ),
    )

    def __init__(self, *args: Any, calendar: Calendar, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = User.objects.filter(groups__name=Role.STAFF, is_active=True)
        people = (staff | User.objects.filter(calendars=calendar)).distinct().order_by("username")
        choices = [(each.pk, str(each)) for each in people]
        self.fields["people"].choices = choices  # type: ignore[attr-defined]
        for each in self.fields.values():
            each.show_hidden_initial = True  # so that ``changed_data`` is what was edited

    def edited(self) -> dict[str, Any]:
        """Return the values that were edited: another Admin may have changed the others.

        All of them for a script, which does not send what the page showed.
        """
        is_from_page = any(name.startswith("initial-") for name in self.data)
        names = self.changed_data if is_from_page else self.fields
        return {name: self.cleaned_data[name] for name in names}


@require_http_methods(["GET", "HEAD", "POST"])
def calendars(request: HttpRequest) -> HttpResponse:
    """Show the list, or add a calendar."""
    if request.method != "POST":
        return list_page(request, AddForm(initial=recall(request, "calendars")))
    form = AddForm(request.POST)
    if not form.is_valid():
        return list_page(request, form, status=422)
    try:
        added = new_calendars.add(**form.cleaned_data, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        form.add_refusal(error)
        return list_page(request, form, status=error.status)
    messages.success(request, _("Added: %(label)s.") % {"label": added.label})
    return to_list()


@require_http_methods(["GET", "HEAD", "POST"])
@missing_is_404(Calendar)
def calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one calendar's form, or save it."""
    found = Calendar.objects.get(pk=pk)
    if typed := recall(request, "calendar"):
        return calendar_page(request, found, CalendarForm(typed, calendar=found))
    if request.method != "POST":
        initial = forms.model_to_dict(found, list(CalendarForm.base_fields))
        initial["people"] = found.limited_people.values_list("pk", flat=True)
        return calendar_page(request, found, CalendarForm(initial=initial, calendar=found))
    form = CalendarForm(request.POST, calendar=found)
    if not form.is_valid():
        return calendar_page(request, found, form, status=422)
    saved = changes.change(calendar=pk, by=actor_of(request), now=timezone.now(), **form.edited())
    messages.success(request, _("Saved: %(label)s.") % {"label": saved.label})
    return to_list()


@require_POST
@missing_is_404(Calendar)
def calendar_position(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        position = POSITION.clean(request.POST.get("position"))
    except ValidationError as error:
        raise BadRequest from error
    changes.change(calendar=pk, position=position, by=actor_of(request), now=timezone.now())
    return to_list(f"#calendar-{pk}")


@require_POST
@missing_is_404(Calendar)
def calendar_remove(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        removed = changes.remove(calendar=pk, by=actor_of(request), now=timezone.now())
    except CalendarError as error:
        messages.error(request, str(error.words))
        return HttpResponseRedirect(reverse("calendar", args=[pk]), status=303)
    messages.success(request, _("Removed: %(label)s.") % {"label": removed.label})
    return to_list()


def to_list(part: str = "") -> HttpResponse:
    """Answer 303 with the list, at a part of it."""
    return HttpResponseRedirect(reverse("calendars") + part, status=303)


def list_page(request: HttpRequest, form: AddForm, *, status: int = 200) -> HttpResponse:
    known = catalogue.catalogue(now=timezone.now())
    rows = [(each, list_state(each)) for each in known.calendars if each.pk]
    prefetch_related_objects([entered for entered, _listed in rows], "limited_people")
    return render(request, "calendars/list.html", {"form": form, "rows": rows}, status=status)


def calendar_page(
    request: HttpRequest, found: Calendar, form: CalendarForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "calendar": found}
    return render(request, "calendars/calendar.html", context, status=status)


def list_state(calendar: Calendar) -> str:
    """Return how many event types a list has, and why it is not fresh."""
    count = len(calendar.event_types)
    words = ngettext("%(n)s event type", "%(n)s event types", count) % {"n": count}
    if not calendar.cause:
        return words
    return f"{words}. {hold_messages.not_fresh(calendar.cause).happened}"
