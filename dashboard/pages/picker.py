"""Pick a time, on the pages that hold and move: a form, and the choice of times it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy as _lazy, ngettext

from dashboard.calcom import LARGEST_INTEGER, EventType
from dashboard.calcom_state import event_types
from dashboard.calendars import catalogue
from dashboard.calendars.catalogue import Catalogue
from dashboard.holds import messages, open_times
from dashboard.holds.hosts import needed_by
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.localization import local_times
from dashboard.pages import parameters, responses
from dashboard.pages.choices import (
    catalogue_for,
    event_type_select,
    explanation,
    recent_event_types,
)
from dashboard.pages.fields import DATE_INPUT, SlotStartField, validate_near
from dashboard.pages.for_client import TimeZoneForm, client_time
from dashboard.pages.forms import SlotForm
from dashboard.pages.picker_grid import Cell, Grid, PickerChoice
from dashboard.pages.picker_times import DAY, WEEK, polled_etag
from dashboard.pages.viewers import Viewer, viewer_of

SLOT_FIELDS = ("event_type_id", "other_event_type_id", "slot_start", "slot_duration")
# Fields that the grid's own addresses set, or that are made anew with each page.
NOT_KEPT = {*SLOT_FIELDS, "token"}
# Primary keys of an offer and of an earlier hold: an address may carry these, and no client's name.
KEPT_KEYS = ("offer", "again")
LONGEST = 24 * 60  # minutes


class PickerForm(TimeZoneForm):
    """A choice of free times. A field that cannot be read falls back to its usual value."""

    event_type_id = forms.IntegerField(label=_lazy("What"), min_value=1, max_value=LARGEST_INTEGER)
    other_event_type_id = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_INTEGER)
    slot_start = SlotStartField(required=False)
    slot_duration = forms.IntegerField(label=_lazy("Length"), min_value=1)
    day = forms.DateField(label=_lazy("Day"), widget=DATE_INPUT, validators=[validate_near])
    view = forms.CharField(required=False)
    seek = forms.BooleanField(required=False)

    use_required_attribute = False

    def choice(self, event_type_id: int | None, event_type: EventType | None) -> PickerChoice:
        """Return what was chosen of this event type."""
        data = self.cleaned_data
        return PickerChoice(
            event_type_id=event_type_id,
            slot_duration=_length(data.get("slot_duration"), event_type),
            day=data.get("day"),
            view=WEEK if data.get("view") == WEEK else DAY,
            seek=bool(data.get("seek")),
            client_zone=data.get("client_zone", ""),
            chosen=data.get("slot_start"),
            hosts=needed_by(event_type),
        )

    def with_choice(
        self, choice: PickerChoice, event_type: EventType | None, grid: Grid | None
    ) -> PickerForm:
        """Return the form with the values in use; what cannot be read stays with its message."""
        data: dict[str, Any] = {**self.data, "other_event_type_id": None, "view": choice.view}
        data["event_type_id"] = choice.event_type_id
        lengths = event_type.length_options if event_type else ()
        usual = event_type.length_in_minutes if event_type and lengths else None
        data["slot_duration"] = choice.slot_duration or usual
        if grid is not None and not (data["day"] and "day" in self.errors):
            data["day"] = str(grid.dates[0])
        if "client_zone" not in self.errors:
            data["client_zone"] = choice.client_zone
        if choice.event_type_id is None:
            return PickerForm(initial=data, auto_id="pick_%s")
        form = PickerForm(data, auto_id="pick_%s")
        if lengths:
            choices = [(n, _("%(n)s min") % {"n": n}) for n in lengths]
            form.fields["slot_duration"].widget = forms.Select(choices=choices)
        return form


class Picker:
    """Context of ``holds/_times.html``: a form, the grid of times, and the slot chosen so far.

    It is made for a page's form and the parameters of its address. ``moving`` is the hold that gets
    another time. ``near`` is one of the same offer: a time is looked for from its day on. Only
    values of ``kept_from`` are carried on in addresses, because an address is no place for a
    client's name unless it came in one.
    """

    def __init__(
        self,
        form: SlotForm,
        params: Mapping[str, Any],
        *,
        viewer: Viewer,
        moving: Hold | None = None,
        near: Hold | None = None,
        kept_from: Mapping[str, Any],
    ) -> None:
        known = catalogue.catalogue(now=viewer.now)
        offered = catalogue_for(viewer.user, known)
        self.has_others = len(offered.calendars) > 1  # calendars to choose from

        asked = PickerForm(_picker_data(form, params, moving, near))
        asked.is_valid()
        data = asked.cleaned_data
        wanted = data.get("other_event_type_id") or data.get("event_type_id")
        recent = recent_event_types(viewer.user) if self.has_others or wanted is None else []
        wanted = wanted or _first_offered(recent, offered)
        event_type = catalogue.event_type(wanted, known) if wanted is not None else None
        self.choice = asked.choice(wanted, event_type)
        self.chosen = _chosen_slot(self.choice, event_type, known)

        self.path = reverse("hold-move", args=[moving.pk]) if moving else reverse("place")
        self.times_target = "#move" if moving else "#chosen"  # what a chosen time replaces
        names = [name for name in form.fields if name not in NOT_KEPT]
        self.kept = {name: str(kept_from[name]) for name in names if kept_from.get(name)}
        kept = self.kept
        follows_another = moving or any(name in kept for name in KEPT_KEYS)
        if follows_another and event_type and event_type.length_options:
            # Addresses name the usual length, too: without one it is that of the earlier hold.
            kept = kept | {"slot_duration": str(event_type.length_in_minutes)}
        # None while there is no event type.
        self.grid = Grid(self.choice, viewer, self.path, kept) if wanted else None
        self.notes = _notes(offered, self.grid, event_type)  # what is missing from the choice
        self.form = asked.with_choice(self.choice, event_type, self.grid)
        if select := event_type_select(offered, recent, wanted, event_type):
            for each in (self.form, form):
                each.fields["event_type_id"].widget = select

    @property
    def first_free_url(self) -> str:
        """Return the address of the times of several calendars side by side, of such a one."""
        kept = {name: value for name, value in self.kept.items() if name in KEPT_KEYS}
        return reverse("first-free", query=kept | {"like": self.choice.event_type_id or ""})

    def fill(self, form: SlotForm) -> None:
        """Put the choice into a form that has not been sent yet."""
        form.initial["event_type_id"] = self.choice.event_type_id
        form.initial["slot_duration"] = self.choice.slot_duration or None
        if self.choice.chosen is not None:
            form.initial["slot_start"] = self.choice.chosen
            form.fields["client_name"].widget.attrs["autofocus"] = True

    def alternatives_to(self, error: HoldError | None) -> list[Cell]:
        """Return the next free times where the chosen one is taken, or asked back."""
        if error is None or self.grid is None:
            return []
        is_taken = error.cause in open_times.TAKEN or error.cause == "being_asked"
        return self.grid.alternatives() if is_taken or error.asks else []


def answer_poll(
    request: HttpRequest, form_class: type[SlotForm], *, moving: Hold | None = None
) -> HttpResponse:
    """Answer the poll of the picker. Without news it asks cal.com nothing."""
    viewer = viewer_of(request)

    def make_rest() -> dict[str, Any]:
        form = form_class(initial=parameters.initial(request.GET, form_class))
        picker = Picker(form, request.GET, viewer=viewer, moving=moving, kept_from=request.GET)
        return {"form": form, "picker": picker}

    shown = {"etag": polled_etag(request.GET, viewer)}
    return responses.render_unless_known(request, "holds/_times_live.html", shown, make_rest)


def _first_offered(recent: Sequence[int], offered: Catalogue) -> int | None:
    """Return the event type that a person prefers or held last, else the first that is offered."""
    by_id = offered.by_id.items()
    open_ids = [number for number, (calendar, _type) in by_id if not calendar.is_paused]
    if offered.has_calendars:
        recent = [number for number in recent if number in open_ids]
    return next(iter([*recent, *open_ids]), None)


def _notes(offered: Catalogue, grid: Grid | None, event_type: EventType | None) -> tuple[str, ...]:
    """Return who will see the client, what could not be read, and why nothing is listed."""
    notes = [text] if (text := explanation(event_type)) else []
    for calendar in offered.calendars:
        if calendar.cause and not calendar.event_types and not (grid and grid.trouble):
            name = f"{calendar.label}: " if calendar.label else ""
            why = messages.not_fresh(calendar.cause)
            notes += [f"{name}{why.happened}", why.what_now]
    if count := sum(calendar.unread for calendar in offered.calendars):
        text = ngettext(
            "%(n)s event type could not be read.", "%(n)s event types could not be read.", count
        )
        notes.append(text % {"n": count})
    if count := grid.unread if grid else 0:
        text = ngettext("%(n)s time could not be read.", "%(n)s times could not be read.", count)
        notes.append(text % {"n": count})
    return tuple(notes)


def _picker_data(
    form: SlotForm, params: Mapping[str, Any], moving: Hold | None, near: Hold | None
) -> dict[str, Any]:
    data = {name: params.get(name) for name in ("day", "view", "seek", "client_zone")}
    data |= {name: _value(form, name) for name in SLOT_FIELDS if name in form.fields}
    has_day = data["day"] or data["slot_start"]
    if near is not None and not has_day:
        data |= {"day": str(local_times.local_date(near.slot_start)), "seek": "yes"}
    if moving is not None:
        data["event_type_id"] = data["event_type_id"] or moving.event_type_id
        if str(data["event_type_id"]) == str(moving.event_type_id) and moving.slot_end:
            own = (moving.slot_end - moving.slot_start) // timedelta(minutes=1)
            data["slot_duration"] = data["slot_duration"] or own
        if not has_day:
            data["day"] = str(local_times.local_date(moving.slot_start))
    return data


def _value(form: SlotForm, name: str) -> Any:
    """Return ``form[name].value()`` without its side effect: it fixes the field's initial value."""
    if form.is_bound:
        return form.data.get(name)
    return form.get_initial_for_field(form.fields[name], name)


def _length(minutes: int | None, event_type: EventType | None) -> int:
    """Return minutes, or 0 for the event type's own length, so that all ask cal.com the same."""
    if minutes is None or not 0 < minutes <= LONGEST:
        return 0
    if event_type is None:
        return minutes
    is_option = minutes in event_type.length_options and minutes != event_type.length_in_minutes
    return minutes if is_option else 0


def _chosen_slot(
    choice: PickerChoice, event_type: EventType | None, known: Catalogue
) -> dict[str, Any] | None:
    """Return the slot that is in the page's form, in words, and whose time it is."""
    if choice.chosen is None or choice.event_type_id is None:
        return None
    length = choice.slot_duration or (event_type.length_in_minutes if event_type else 0)
    end = choice.chosen + timedelta(minutes=length) if length else None
    title = event_types.title_or_number(choice.event_type_id, event_types.title_of(event_type))
    calendar = known.calendar_of(choice.event_type_id) if known.has_calendars else None
    whose = calendar.label if calendar else ""
    day, time = local_times.day(choice.chosen), local_times.times(choice.chosen, end)
    return {
        "day": day,
        "time": time,
        "event_type": title,
        "calendar": calendar,
        "in_one_line": f"{day} {time} {title} {whose}".rstrip(),
        "client": client_time(choice.chosen, choice.client_zone),
    }
