"""Event types as people choose them: by calendar, one's usual and recent ones first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from dashboard.accounts.models import User
from dashboard.calcom import EventType, EventTypeKind
from dashboard.calcom_state import event_types
from dashboard.calendars import catalogue
from dashboard.calendars.catalogue import Catalogue
from dashboard.calendars.models import Calendar
from dashboard.holds import rules
from dashboard.holds.models import Hold

MOST_RECENT = 5
HOLDS_READ = 40  # the last ones of a person, of which some are of the same event type

Option = tuple[int, str]


class EventTypeSelect(forms.Select):
    """A select whose event types can be found as they are typed; some can only be seen."""

    def __init__(self, choices: Any, disabled: Iterable[int] = ()) -> None:
        super().__init__(attrs={"data-choose": ""}, choices=choices)
        self.disabled = {str(number) for number in disabled}

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        if str(option["value"]) in self.disabled:
            option["attrs"]["disabled"] = True
        return option


def catalogue_for(user: User, known: Catalogue) -> Catalogue:
    """Return what is shown to a person: the calendars that an Admin has not limited away."""
    if not known.has_calendars:
        return known
    limit = rules.limited_to(user)
    return Catalogue(tuple(each for each in known.shown if limit is None or each.pk in limit))


def event_type_choices() -> list[Option]:
    """Return id and label of all event types in one list, with the calendar in each label."""
    return [
        (each.id, label_of(calendar, each))
        for calendar in catalogue.catalogue(now=timezone.now()).shown
        for each in calendar.event_types
    ]


def recent_event_types(user: User) -> list[int]:
    """Return the ids of the event types that a person prefers or held last, the usual one first."""
    held = Hold.objects.filter(holder=user).exclude(state=Hold.State.REFUSED).order_by("-pk")
    last = held.values_list("event_type_id", flat=True)[:HOLDS_READ]
    usual = user.preferences.event_type_id
    return list(dict.fromkeys([*([usual] if usual else []), *last]))[:MOST_RECENT]


def event_type_select(
    offered: Catalogue, recent: Sequence[int], chosen: int | None, event_type: EventType | None
) -> EventTypeSelect | None:
    """Return the field of a catalogue; None where there is no list, so that a number is typed.

    The chosen event type is offered too where no list has it.
    """
    by_id = offered.by_id
    if not by_id:
        return None
    choices: list[Any] = []
    if offered.has_calendars:
        first = [(number, label_in(*by_id[number])) for number in recent if number in by_id]
        choices += [(_("Usual and recent"), first)] if first else []
        choices += [(name_of(calendar), options_of(calendar)) for calendar in offered.calendars]
    else:
        choices += [option for calendar in offered.calendars for option in options_of(calendar)]
    if chosen and chosen not in by_id:
        number = event_types.title_or_number(chosen)
        choices.append((chosen, event_type_label(event_type) if event_type else number))
    paused = [number for number, (calendar, _each) in by_id.items() if calendar.is_paused]
    return EventTypeSelect(choices, paused)


def name_of(calendar: Calendar) -> str:
    label = calendar.label
    return _("%(label)s (paused)") % {"label": label} if calendar.is_paused else label


def label_in(calendar: Calendar, event_type: EventType) -> str:
    """Return the event type's label with the calendar's; the owner may have the same name."""
    return f"{_without_owner(calendar, event_type)} · {calendar.label}"


def label_of(calendar: Calendar, event_type: EventType) -> str:
    """Return the same with the calendar's label first, for a list by calendar."""
    if not calendar.label:
        return event_type_label(event_type)
    return f"{calendar.label} · {_without_owner(calendar, event_type)}"


def _without_owner(calendar: Calendar, event_type: EventType) -> str:
    return event_type_label(event_type).removesuffix(f" · {calendar.label}")


def options_of(calendar: Calendar) -> list[Option]:
    """Return id and label of each event type; of equal labels each has its number too."""
    labels = {each.id: event_type_label(each) for each in calendar.event_types}
    count = Counter(labels.values())
    return [
        (number, label if count[label] == 1 else f"{label} · #{number}")
        for number, label in labels.items()
    ]


def event_type_label(event_type: EventType) -> str:
    """Return title, lengths, what it means at the desk, and a person's name, in one line."""
    lengths = "/".join(map(str, event_type.length_options or (event_type.length_in_minutes,)))
    who = meaning(event_type) or host_names(event_type)
    return " · ".join(filter(None, (event_type.title, _("%(n)s min") % {"n": lengths}, who)))


def meaning(event_type: EventType) -> str:
    """Return how many people or seats an event type has; "" where it needs certain people."""
    hosts = len(event_type.hosts)
    if event_type.kind is EventTypeKind.ROUND_ROBIN and not event_type.fixed_hosts:
        return _("one of %(n)s") % {"n": hosts} if hosts else _("one of several")
    if event_type.kind is EventTypeKind.COLLECTIVE:
        return _("all of %(n)s together") % {"n": hosts} if hosts else _("all together")
    if seats := event_type.seats_per_time_slot:
        return ngettext("%(n)s seat", "%(n)s seats", seats) % {"n": seats}
    return ""


def explanation(event_type: EventType | None) -> str:
    """Return what to tell a client about who will see them; "" where it needs certain people."""
    if event_type is None or not event_type.hosts:
        return ""
    names = host_names(event_type)
    if event_type.kind is EventTypeKind.ROUND_ROBIN and not event_type.fixed_hosts:
        return _("One of these will see the client: %(names)s.") % {"names": names}
    if event_type.kind is EventTypeKind.COLLECTIVE:
        return _("All of these see the client together: %(names)s.") % {"names": names}
    return ""


def host_names(event_type: EventType) -> str:
    return ", ".join(host.name for host in event_type.fixed_hosts or event_type.hosts)
