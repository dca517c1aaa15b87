"""Read the times of one event type for whole days of the viewer, each span once per page."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError

from dashboard.calcom_state import free_times
from dashboard.calcom_state.free_times import WEEK_DAYS, Listing, Span, monday_of
from dashboard.holds import open_times
from dashboard.holds.hosts import named_hosts
from dashboard.holds.models import Hold
from dashboard.holds.open_times import OpenTime
from dashboard.localization import local_times
from dashboard.pages import parameters, responses
from dashboard.pages.fields import validate_near
from dashboard.pages.viewers import Viewer

DAY, WEEK = "day", "week"  # views
ONE_DAY = timedelta(days=1)
# How far a search for a free time looks beyond the week that is shown.
FAR_DAYS = 28


def dates_shown(view: str, day: date, today: date) -> list[date]:
    """Return the day, or the days of its week that are not past."""
    if view != WEEK:
        return [day]
    week = [monday_of(day) + ONE_DAY * number for number in range(WEEK_DAYS)]
    return [each for each in week if each >= today]


def navigation(
    view: str, day: date, dates: Sequence[date], today: date, *, url: Callable[..., str]
) -> dict[str, str]:
    """Return the view and title of the days that are shown, and the addresses of other days.

    There is no ``back_url`` where all earlier days are past.
    """
    step = ONE_DAY * (WEEK_DAYS if view == WEEK else 1)
    later = monday_of(day) + step if view == WEEK else day + step
    names = [local_times.date_name(each) for each in (dates[0], dates[-1])]
    return {
        "view": view,
        "title": " – ".join(dict.fromkeys(names)),
        "back_url": url(view=view, day=max(today, dates[0] - step)) if dates[0] > today else "",
        "on_url": url(view=view, day=later),
        "day_url": url(view=DAY, day=day),
        "week_url": url(view=WEEK, day=day),
        "seek_url": url(view=view, day=dates[-1] + ONE_DAY, seek="yes"),
    }


class TimesReader:
    """Reader of the times of one event type; ``slot_duration`` 0 is its own length.

    Several can read together: see ``read_together``.
    """

    def __init__(
        self, event_type_id: int, slot_duration: int, viewer: Viewer, *, hosts: Collection[Any] = ()
    ) -> None:
        self.event_type_id = event_type_id
        self.slot_duration = slot_duration
        self.viewer = viewer
        self.hosts = hosts  # whose other holds hide times
        # The first day after those that a search has looked at; None until it looked that far.
        self.searched_until: date | None = None
        # By first day and number of days.
        self.read: dict[tuple[date, int], tuple[Listing, list[OpenTime]]] = {}

    def week(self, day: date) -> tuple[Listing, list[OpenTime]]:
        """Return the times of a day's week, soonest first, and the listing that they come from.

        If a listing of several is not fresh, it is that one, which says why.
        """
        return self.days(monday_of(day), WEEK_DAYS)

    def free_from(self, day: date) -> Iterable[OpenTime]:
        """Yield free times from a day on: of its week, and only if more are wanted of four more."""
        listing, times = self.week(day)
        yield from (t for t in times if t.is_free and local_times.local_date(t.start) >= day)
        if not listing.cause:
            next_monday = monday_of(day) + ONE_DAY * WEEK_DAYS
            self.searched_until = next_monday + ONE_DAY * FAR_DAYS
            yield from (t for t in self.days(next_monday, FAR_DAYS)[1] if t.is_free)

    def days(self, first: date, days: int) -> tuple[Listing, list[OpenTime]]:
        """Return the times of days in the viewer's zone, with registered holds on top."""
        if (first, days) not in self.read:
            read_together([self], first, days, self.viewer)
        return self.read[first, days]

    def take(
        self, first: date, days: int, listings: Mapping[Span, Listing], holds: Sequence[Hold]
    ) -> None:
        """Keep the times of some days, from what cal.com lists of their spans and the holds."""
        past, cal_now, now = first + ONE_DAY * days, self.viewer.cal_now, self.viewer.now
        own = {span: listings[span] for span in self.spans(first, days)}
        combine = partial(open_times.combine, hosts=self.hosts, cal_now=cal_now, now=now)
        times = [time for span, each in own.items() for time in combine(span, each, holds)]
        shown = [time for time in times if first <= local_times.local_date(time.start) < past]
        listing, *_others = sorted(own.values(), key=lambda each: not each.cause)
        unread = sum(each.listed.unread for each in own.values())
        listing = replace(listing, value=replace(listing.listed, unread=unread))
        self.read[first, days] = listing, sorted(shown, key=lambda time: time.start)

    def spans(self, first: date, days: int) -> Iterable[Span]:
        """Yield these days of the office, which all viewers share.

        For a viewer in another zone the day before or after is added.
        """
        past = first + ONE_DAY * days
        span = Span(self.event_type_id, first, days, self.slot_duration)
        yield span
        if local_times.midnight(first) < span.start:
            yield Span(self.event_type_id, first - ONE_DAY, 1, self.slot_duration)
        if local_times.midnight(past) > span.end:
            yield Span(self.event_type_id, past, 1, self.slot_duration)


def read_together(readers: Sequence[TimesReader], first: date, days: int, viewer: Viewer) -> None:
    """Ask cal.com in parallel for what these readers need of some days, and read the holds once."""
    spans = [span for reader in readers for span in reader.spans(first, days)]
    if not spans:
        return
    listings = dict(zip(spans, free_times.listings(spans, now=viewer.now), strict=True))
    has_hosts = any(reader.hosts for reader in readers)
    holds = open_times.registered(
        spans,
        listings.values(),
        event_types=None if has_hosts else {reader.event_type_id for reader in readers},
        cal_now=viewer.cal_now,
        now=viewer.now,
    )
    by_event_type, by_host = by_need(holds)
    for reader in readers:  # hundreds, each of which would look at the holds of all
        of_hosts = chain.from_iterable(by_host[key] for key in reader.hosts)
        own = dict.fromkeys(chain(by_event_type[reader.event_type_id], of_hosts))
        reader.take(first, days, listings, [*own])


def by_need(holds: Iterable[Hold]) -> tuple[dict[int, list[Hold]], dict[Any, list[Hold]]]:
    """Return the holds by event type, and by key of each host that they need."""
    by_event_type: dict[int, list[Hold]] = defaultdict(list)
    by_host: dict[Any, list[Hold]] = defaultdict(list)
    for hold in holds:
        by_event_type[hold.event_type_id].append(hold)
        for key in named_hosts(hold):
            by_host[key].append(hold)
    return by_event_type, by_host


def etag_of_holds(holds: Iterable[Hold], dates: Iterable[date], viewer: Viewer) -> str:
    """Return the ETag of the holds that are shown on these days."""
    days = set(dates)
    shown = sorted(
        (hold.slot_start, hold.pk, hold.version, hold.is_claimed(viewer.now))
        for hold in holds
        if hold.slot_start > viewer.cal_now and local_times.local_date(hold.slot_start) in days
    )
    return responses.etag_of(viewer.user.pk, sorted(days), shown)


def polled_etag(params: Mapping[str, Any], viewer: Viewer) -> str:
    """Return the ETag of a poll's days, or of today's once those are past: one query, no call."""
    today = local_times.local_date(viewer.cal_now)
    try:
        day = date.fromisoformat(params.get("day", ""))
        validate_near(day)
    except (ValueError, ValidationError):
        return ""
    dates = dates_shown(params.get("view", DAY), max(day, today), today)
    start, end = local_times.midnight(dates[0]), local_times.midnight(dates[-1] + ONE_DAY)
    there = Hold.objects.overlapping(start, end).filter(state__in=Hold.OPEN)
    own = there.filter(event_type_id=parameters.number(params.get("event_type_id")) or 0)
    holds = [hold for hold in own if hold.keeps_slot(viewer.cal_now)]
    return etag_of_holds(holds, dates, viewer)
