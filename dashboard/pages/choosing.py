"""From what was asked in a page's address or form to the picker that belongs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dashboard.accounts.models import User
from dashboard.calcom import EventType
from dashboard.holds import event_types, local_times
from dashboard.holds.models import Hold
from dashboard.pages import picking
from dashboard.pages.fields import SlotStartField
from dashboard.pages.forms import SlotForm
from dashboard.pages.pick_form import PickForm
from dashboard.pages.picking import Cell, Choice, Picker
from dashboard.pages.rows import Viewer

# What the picker itself says in its addresses; the page's other fields stay as they are.
OWN = {"event_type_id", "other_event_type_id", "slot_start", "slot_duration", "token"}
CARRIED = ("offer", "again")  # numbers of ours that stand for more than an address may tell
LONGEST = 24 * 60  # minutes; cal.com takes any number and looks for it
SLOT_FIELDS = ("event_type_id", "other_event_type_id", "slot_start", "slot_duration")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The time that the form asks for, in words."""

    day: str
    time: str
    event_type: str
    client: str  # the same time at the client's


@dataclass(frozen=True, slots=True)
class Choosing:
    """All that a page needs to let somebody choose a time."""

    form: PickForm
    choice: Choice
    picker: Picker | None
    chosen: Chosen | None
    keep: Mapping[str, str]
    path: str
    viewer: Viewer

    def prefill(self, form: SlotForm) -> None:
        """Put the choice into a form that has not been sent yet."""
        form.initial["event_type_id"] = self.choice.event_type_id
        form.initial["slot_duration"] = self.choice.slot_duration or None
        if self.choice.chosen is not None:
            form.initial["slot_start"] = self.choice.chosen
            form.fields["client_name"].widget.attrs["autofocus"] = True

    def ways_out(self) -> list[Cell]:
        """The next free times after the one that was refused."""
        return picking.ways_out(self.choice, viewer=self.viewer, path=self.path, keep=self.keep)


def choosing(
    form: SlotForm,
    asked: Mapping[str, Any],
    *,
    path: str,
    viewer: Viewer,
    own: Hold | None = None,
    beside: Hold | None = None,
    keep_from: Mapping[str, Any],
) -> Choosing:
    """What a form and its page's address ask for, with the times to choose from.

    ``own`` is the hold that is being moved; ``beside`` one that another time is wanted to, which
    is looked for from its day on. Fields of ``keep_from`` are carried on in addresses: only those
    may be that came in one, for an address is no place for a client's name.
    """
    listed = event_types.event_types()
    pick = PickForm(_asked(form, asked, own, beside))
    pick.is_valid()
    wanted = _wanted(pick, listed, viewer.user)
    known = _by_id(wanted, listed)
    choice = _choice(pick, wanted, known, _moment(form))
    names = [name for name in (*form.fields, *CARRIED) if name not in OWN and keep_from.get(name)]
    keep = {name: str(keep_from[name]) for name in names}
    picker = picking.picker(choice, viewer=viewer, path=path, keep=keep)
    shown = _shown(pick, choice, known, picker)
    shown.offer(listed, known)
    return Choosing(shown, choice, picker, _words(choice, known), keep, path, viewer)


def _asked(
    form: SlotForm, asked: Mapping[str, Any], own: Hold | None, beside: Hold | None
) -> dict[str, Any]:
    data = {name: asked.get(name) for name in ("day", "view", "seek", "client_zone")}
    data |= {name: _value(form, name) for name in SLOT_FIELDS if name in form.fields}
    if beside is not None and not data["day"] and not data["slot_start"]:
        data |= {"day": str(local_times.local_date(beside.slot_start)), "seek": "yes"}
    return data if own is None else _moving(data, own)


def _value(form: SlotForm, name: str) -> Any:
    """As ``form[name].value()``, which would settle the field's initial value for good."""
    if form.is_bound:
        return form.data.get(name)
    return form.get_initial_for_field(form.fields[name], name)


def _moving(data: dict[str, Any], own: Hold) -> dict[str, Any]:
    """What is not said stays as the hold has it, and its own day is looked at first."""
    data["event_type_id"] = data["event_type_id"] or own.event_type_id
    if str(data["event_type_id"]) == str(own.event_type_id):
        data["slot_duration"] = data["slot_duration"] or own.slot_duration
    if not data["day"] and not data["slot_start"]:
        data["day"] = str(local_times.local_date(own.slot_start))
    return data


def _wanted(pick: PickForm, listed: tuple[EventType, ...], user: User) -> int | None:
    """The event type asked for, else the one that is usual for this person."""
    data = pick.cleaned_data
    wanted = data.get("other_event_type_id") or data.get("event_type_id") or _usual(user)
    return wanted or (listed[0].id if listed else None)


def _by_id(wanted: int | None, listed: tuple[EventType, ...]) -> EventType | None:
    if wanted is None:
        return None
    found = next((event_type for event_type in listed if event_type.id == wanted), None)
    return found or event_types.event_type(wanted)


def _usual(user: User) -> int | None:
    """The event type that somebody prefers, or held last."""
    last = Hold.objects.filter(holder=user).exclude(state=Hold.State.REFUSED).order_by("-pk")
    return user.likes.event_type_id or last.values_list("event_type_id", flat=True).first()


def _choice(
    pick: PickForm, wanted: int | None, known: EventType | None, chosen: datetime | None
) -> Choice:
    data = pick.cleaned_data
    return Choice(
        event_type_id=wanted,
        slot_duration=_length(data.get("slot_duration"), known),
        day=data.get("day"),
        view=picking.WEEK if data.get("view") == picking.WEEK else picking.DAY,
        seek=bool(data.get("seek")),
        client_zone=data.get("client_zone", ""),
        chosen=chosen,
    )


def _length(minutes: int | None, known: EventType | None) -> int:
    """Minutes; 0 for the event type's own length, so that everybody asks the same."""
    if minutes is None or not 0 < minutes <= LONGEST:
        return 0
    if known is None:
        return minutes
    offered = minutes in known.length_options and minutes != known.length_in_minutes
    return minutes if offered else 0


def _moment(form: SlotForm) -> datetime | None:
    try:
        moment: datetime = SlotStartField().clean(_value(form, "slot_start"))
    except ValidationError:
        return None
    return moment


def _shown(
    pick: PickForm, choice: Choice, known: EventType | None, picker: Picker | None
) -> PickForm:
    """The same form with what was made of it; what could not be read stays with its message."""
    data: dict[str, Any] = {**pick.data, "other_event_type_id": None, "view": choice.view}
    data["event_type_id"] = choice.event_type_id
    own = known.length_in_minutes if known and known.length_options else None
    data["slot_duration"] = choice.slot_duration or own
    if picker is not None and not (data["day"] and "day" in pick.errors):
        data["day"] = picker.days[0].iso
    if "client_zone" not in pick.errors:
        data["client_zone"] = choice.client_zone
    if choice.event_type_id is None:
        return PickForm(initial=data, auto_id="pick_%s")
    return PickForm(data, auto_id="pick_%s")


def _words(choice: Choice, known: EventType | None) -> Chosen | None:
    if choice.chosen is None or choice.event_type_id is None:
        return None
    length = choice.slot_duration or (known.length_in_minutes if known else 0)
    end = choice.chosen + timedelta(minutes=length) if length else None
    title = event_types.title_of(known) or _("Event type %(id)s") % {"id": choice.event_type_id}
    client = picking.at_the_client(choice.chosen, choice.client_zone)
    return Chosen(
        local_times.day(choice.chosen), local_times.times(choice.chosen, end), title, client
    )
