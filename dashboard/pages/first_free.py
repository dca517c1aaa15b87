"""Find who can see a client first: the free times of several calendars side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from time import monotonic
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy as _lazy
from django.views.decorators.http import require_safe

from dashboard.accounts import saved_forms
from dashboard.calcom import EventType
from dashboard.calcom_state import calcom_client
from dashboard.calcom_state.free_times import WEEK_DAYS, Listing, monday_of
from dashboard.calcom_state.shared_answers import UNDER_WAY
from dashboard.calendars import catalogue
from dashboard.calendars.models import Calendar
from dashboard.holds.hosts import needed_by
from dashboard.holds.open_times import OpenTime
from dashboard.localization import local_times
from dashboard.pages import picker_times, responses
from dashboard.pages.choices import catalogue_for, label_of, recent_event_types
from dashboard.pages.fields import DATE_INPUT, validate_near
from dashboard.pages.picker import KEPT_KEYS
from dashboard.pages.picker_times import DAY, ONE_DAY, WEEK, TimesReader
from dashboard.pages.viewers import Viewer, viewer_of

MOST_WEEKS = 5  # that a search looks at; each costs a call per calendar
KEPT = (*KEPT_KEYS, saved_forms.KEY)  # in addresses, on the way from the form and back to it
MOST_NAMED = 2  # of those who are free at one time of a week


class FirstFreeForm(forms.Form):
    """Times to show: of an appointment, of calendars, or of single event types."""

    title = forms.ChoiceField(label=_lazy("What"), required=False)
    day = forms.DateField(
        label=_lazy("Day"), required=False, widget=DATE_INPUT, validators=[validate_near]
    )
    calendar = forms.TypedMultipleChoiceField(
        label=_lazy("Calendars"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    type = forms.TypedMultipleChoiceField(
        label=_lazy("Event types"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    all_may_be_empty = True  # so the template marks no field as optional

    def __init__(self, data: QueryDict, calendars: Sequence[Calendar]) -> None:
        data = data.copy()
        data.setdefault("title", title_like(data.get("like", ""), calendars))
        super().__init__(data, auto_id="pick_%s")
        titles = sorted({each.title for calendar in calendars for each in calendar.event_types})
        choices: dict[str, list[tuple[Any, Any]]] = {
            "title": [("", _("Any appointment")), *((title, title) for title in titles)],
            "calendar": [(each.pk, each.label) for each in calendars if each.pk],
            "type": [
                (each.id, label_of(calendar, each))
                for calendar in calendars
                for each in calendar.event_types
            ],
        }
        for name, listed in choices.items():
            self.fields[name].choices = listed  # type: ignore[attr-defined]
        self.is_valid()  # an invalid value is not among ``cleaned_data``

    def show_day(self, day: date) -> None:
        """Fill in the day that is shown, unless what was typed is no day."""
        if "day" not in self.errors:
            self.data["day"] = str(day)  # type: ignore[index]


def title_like(number: str, calendars: Iterable[Calendar]) -> str:
    """Return the title of an event type that several calendars have; "" for any other."""
    listed = [{str(each.id): each.title for each in calendar.event_types} for calendar in calendars]
    title = next((titles[number] for titles in listed if number in titles), "")
    return title if sum(title in titles.values() for titles in listed) > 1 else ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One event type whose times are compared, and whose they are."""

    event_type: EventType
    label: str
    colour: str


@require_safe
def first_free(request: HttpRequest) -> HttpResponse:
    """Show who is free when, or with ``next`` lead on to the form with the first free time."""
    viewer = viewer_of(request)
    known = catalogue.catalogue(now=viewer.now)
    shown = catalogue_for(viewer.user, known).calendars
    calendars = [calendar for calendar in shown if not calendar.is_paused]
    form = FirstFreeForm(request.GET, calendars)
    usual = [known.event_type(number) for number in recent_event_types(viewer.user)]
    day = form.cleaned_data.get("day")
    page = FirstFree(chosen(form, calendars, usual), request.GET, day, viewer)
    context = page.context() | {"form": form, "has_calendars": known.has_calendars}
    form.show_day(context["first_day"])
    if request.GET.get("next") and context["next"] is not None:
        return HttpResponseRedirect(context["next"]["url"], status=303)
    return responses.render_page(request, "first", context)


def chosen(
    form: FirstFreeForm, calendars: Sequence[Calendar], usual: Sequence[EventType | None]
) -> list[Choice]:
    """Return the event types that were chosen, or one of each calendar that was.

    That is the appointment that was chosen, else the person's usual one, else the first.
    """
    data = form.cleaned_data
    title, types, chosen_calendars = data.get("title"), data.get("type"), data.get("calendar")
    titles = [title] if title else [each.title for each in usual if each is not None]
    found = []
    for calendar in calendars:
        listed: Sequence[EventType] = calendar.event_types
        if types:
            listed = [each for each in listed if each.id in types]
        elif chosen_calendars and calendar.pk not in chosen_calendars:
            listed = []
        else:
            titled = [each for name in titles for each in listed if each.title == name]
            listed = titled[:1] if titled or title else listed[:1]
        found += [Choice(each, calendar.label or each.title, calendar.colour) for each in listed]
    return found


class FirstFree:
    """Free times of several event types, side by side."""

    def __init__(
        self, choices: Sequence[Choice], params: QueryDict, day: date | None, viewer: Viewer
    ) -> None:
        self.choices = choices
        self.params = params
        self.viewer = viewer
        self.today = local_times.local_date(viewer.cal_now)
        self.wanted = max(day or self.today, self.today)
        self.seeks = day is None or bool(params.get("seek"))
        self.view = WEEK if params.get("view") == WEEK else DAY
        self.kept = {name: params[name] for name in KEPT if params.get(name)}
        self.readers = [
            TimesReader(each.event_type.id, 0, viewer, hosts=needed_by(each.event_type))
            for each in choices
        ]

    def context(self) -> dict[str, Any]:
        day, listings, free = self.week()
        dates = picker_times.dates_shown(self.view, day, self.today)
        days = [self.day(each, free) for each in dates]
        return {
            "first_day": dates[0],
            "days": days,
            "next": next((cell for each in days for cell in each["cells"]), None),
            "is_none_chosen": not self.choices,
            "kept": self.kept,
            "back_url": self.place_url(),
            "cut": self.cut(listings),
            "nav": picker_times.navigation(self.view, day, dates, self.today, url=self.url),
        }

    def week(self) -> tuple[date, list[Listing], list[tuple[OpenTime, Choice]]]:
        """Return the day to show, what was listed of its week, and who is free from it on.

        A search goes on to later weeks until someone is free, or there was no time to read all.
        """
        day, stop_at = self.wanted, monotonic() + calcom_client.PAGE_SECONDS
        for number in range(MOST_WEEKS if self.seeks else 1):
            if number > 0:
                day = monday_of(day) + ONE_DAY * WEEK_DAYS
            picker_times.read_together(self.readers, monday_of(day), WEEK_DAYS, self.viewer)
            found = [reader.week(day) for reader in self.readers]
            listings = [listing for listing, _times in found]
            free = sorted(
                (
                    (time, choice)
                    for (_listing, times), choice in zip(found, self.choices, strict=True)
                    for time in times
                    if time.is_free and local_times.local_date(time.start) >= day
                ),
                key=lambda pair: pair[0].start,
            )
            if free and self.seeks:
                return local_times.local_date(free[0][0].start), listings, free
            causes = [listing.cause for listing in listings]
            if all(causes) or UNDER_WAY in causes or monotonic() > stop_at:
                break
        return day, listings, free

    def day(self, day: date, free: Iterable[tuple[OpenTime, Choice]]) -> dict[str, Any]:
        """Return a column: its cells name all who are free at a time, or in a week the first."""
        of_day = [pair for pair in free if local_times.local_date(pair[0].start) == day]
        cells = []
        for start, pairs in groupby(of_day, key=lambda pair: pair[0].start):
            people = [choice for _time, choice in pairs]
            if self.view == WEEK:
                cells.append(self.cell(start, people))
            else:
                cells += [self.cell(start, [each]) for each in people]
        url = self.url(day=day, view=DAY)
        return {"name": local_times.date_name(day), "url": url, "cells": cells}

    def cell(self, start: datetime, people: Sequence[Choice]) -> dict[str, Any]:
        """Return a free time and who is free then: the link is that of the first of them."""
        event_type_id, value = people[0].event_type.id, local_times.typed(start)
        return {
            "text": local_times.minute(start),
            "iso": local_times.iso(start),
            "url": self.place_url(event_type_id=event_type_id, slot_start=value),
            "people": people[:MOST_NAMED],
            "more": len(people[MOST_NAMED:]),
        }

    def place_url(self, **wish: Any) -> str:
        """Return the address of the form, with what it had before and what is chosen here."""
        return reverse("place", query=self.kept | wish)

    def url(self, **params: Any) -> str:
        query = self.params.copy()
        for name in ("next", "seek"):
            query.pop(name, None)
        for name, value in {"view": self.view, **params}.items():
            query[name] = str(value)
        return reverse("first-free", query=query)

    def cut(self, listings: Sequence[Listing]) -> Mapping[str, Any] | None:
        """Return how many calendars are shown and when to ask for the rest; None if all are."""
        missing = [listing for listing in listings if listing.cause]
        if not missing:
            return None
        again_at = min(listing.again_at for listing in missing)
        return {
            "shown": len(listings) - len(missing),
            "count": len(listings),
            "wait": max(1, round((again_at - self.viewer.now).total_seconds())),
            "url": self.url(),
        }
