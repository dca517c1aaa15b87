"""Draw the free times of one event type: a day or a week, in the viewer's own zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.holds import messages
from dashboard.holds.free_times import WEEK_DAYS, Listing, monday_of
from dashboard.holds.models import Hold
from dashboard.holds.open_times import Time
from dashboard.localization import local_times
from dashboard.pages.for_client import client_time
from dashboard.pages.picker_times import DAY, ONE_DAY, WEEK, TimesReader, dates_shown, etag_of_holds
from dashboard.pages.rows import HoldRow, Viewer

MORNING_ENDS, AFTERNOON_ENDS = 12, 18  # hours
MOST_ALTERNATIVES = 4  # other times that are offered when one was taken


@dataclass(frozen=True, slots=True)
class Choice:
    event_type_id: int | None
    slot_duration: int = 0  # minutes; 0 is the event type's own length
    day: date | None = None
    view: str = DAY
    seek: bool = False  # show the first day with a free time from ``day`` on
    client_zone: str = ""
    chosen: datetime | None = None  # the time that is in the form
    hosts: frozenset[Any] = frozenset()  # whose other holds hide times


@dataclass(frozen=True, slots=True)
class Cell:
    """One time as it is drawn."""

    state: str  # free, full, held
    iso: str
    text: str
    client: str  # the same time at the client's
    seats: str
    label: str  # with its day
    value: str  # as the form takes it
    url: str
    is_chosen: bool
    is_next: bool  # the first free time shown
    row: HoldRow | None  # the hold that keeps it
    until: str  # its end, cut to the minute; the latest one rounded up where not confirmed


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """Morning, afternoon or evening."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One column of the grid."""

    iso: str
    name: str
    url: str
    count: str
    clocks: str  # a notice where the clocks change on this day
    parts: tuple[PartOfDay, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Days that are shown, and the addresses of other days."""

    view: str
    title: str
    days: tuple[Day, ...]
    free: int
    unread: int  # times that made no sense
    back_url: str  # "" where all earlier days are past
    on_url: str
    day_url: str
    week_url: str
    seek_url: str
    trouble: Mapping[str, Any] | None  # why there is no fresh listing
    as_of: str  # when cal.com listed these times, where they are older than they should be
    client_zone: str
    summary: str  # for screen readers, when other days are shown
    poll_url: str  # without the time that is chosen
    etag: str  # of the holds that are shown
    nothing: str  # where nothing is free: from when to when


class GridBuilder:
    """Draws the times of a choice. Cells lead to ``path`` with ``kept`` values in their address."""

    def __init__(
        self, choice: Choice, *, viewer: Viewer, path: str, kept: Mapping[str, str]
    ) -> None:
        if choice.event_type_id is None:
            raise ValueError("there is no grid without an event type")
        self.choice = choice
        self.viewer = viewer
        self.path = path
        self.kept = kept
        self.today = local_times.local_date(viewer.cal_now)
        self.times = TimesReader(
            choice.event_type_id, choice.slot_duration, viewer, hosts=choice.hosts
        )
        self.next_free: datetime | None = None

    def grid(self) -> Grid:
        """Draw the chosen day or week."""
        day = self.day_to_show()
        listing, times = self.times.week(day)
        dates = dates_shown(self.choice.view, day, self.today)
        free = [t for t in times if t.is_free and local_times.local_date(t.start) in dates]
        self.next_free = free[0].start if free else None
        title = _title(dates)
        return Grid(
            view=self.choice.view,
            title=title,
            days=tuple(self.column(each, times) for each in dates),
            free=len(free),
            unread=listing.unread,
            back_url=self.back_url(dates[0]),
            on_url=self.url(view=self.choice.view, day=self.next_day(day)),
            day_url=self.url(view=DAY, day=day),
            week_url=self.url(view=WEEK, day=day),
            seek_url=self.url(view=self.choice.view, day=dates[-1] + ONE_DAY, seek="yes"),
            trouble=_trouble(listing, self.viewer),
            as_of=local_times.clock(listing.as_of) if listing.as_of and listing.cause else "",
            client_zone=self.choice.client_zone,
            summary=f"{title}: {_free_count(len(free))}",
            poll_url=self.url(view=self.choice.view, day=dates[0]).replace("?", "/times?", 1),
            etag=etag_of_holds([t.hold for t in times if t.hold], dates, self.viewer),
            nothing="" if free else self.nothing_free(day, title),
        )

    def alternatives(self) -> list[Cell]:
        """Draw the first free times after the chosen one that do not overlap it."""
        taken = self.choice.chosen
        if taken is None:
            return []
        day = local_times.local_date(max(taken, self.viewer.cal_now))
        later = (
            time
            for time in self.times.free_from(day)
            # Where lengths are not known, every later time counts.
            if time.start > taken and (not time.end or time.start - taken >= time.end - time.start)
        )
        return [self.cell(time) for time in islice(later, MOST_ALTERNATIVES)]

    def day_to_show(self) -> date:
        """Return the day asked for, that of the chosen time, or the first with a free time."""
        choice = self.choice
        if choice.day is None and choice.chosen is not None:
            return max(self.today, local_times.local_date(choice.chosen))
        wanted = max(self.today, choice.day or self.today)
        if choice.day is not None and not choice.seek:
            return wanted
        first = next(iter(self.times.free_from(wanted)), None)
        if first is not None:
            return local_times.local_date(first.start)
        # A search that found nothing goes on from where it ended when it is asked for again.
        return (self.times.searched_until or wanted) if choice.seek else wanted

    def next_day(self, day: date) -> date:
        """Return the following day, or the Monday of the following week."""
        if self.choice.view != WEEK:
            return day + ONE_DAY
        return monday_of(day) + ONE_DAY * WEEK_DAYS

    def back_url(self, first: date) -> str:
        """Return the address of earlier days; "" where they are past."""
        if first <= self.today:
            return ""
        back = first - ONE_DAY * (WEEK_DAYS if self.choice.view == WEEK else 1)
        return self.url(view=self.choice.view, day=max(self.today, back))

    def url(self, **params: Any) -> str:
        """Return the page's address with other values."""
        choice = {
            "event_type_id": self.choice.event_type_id,
            "slot_duration": self.choice.slot_duration or None,
            "client_zone": self.choice.client_zone or None,
        }
        query = {**self.kept, **choice, **params}
        shown = {name: str(value) for name, value in query.items() if value is not None}
        return f"{self.path}?{urlencode(shown)}"

    def column(self, day: date, times: list[Time]) -> Day:
        of_day = [time for time in times if local_times.local_date(time.start) == day]
        parts = groupby(of_day, key=lambda time: _part_of_day(time.start))
        return Day(
            iso=str(day),
            name=local_times.date_name(day),
            url=self.url(view=DAY, day=day),
            count=_free_count(sum(time.is_free for time in of_day)),
            clocks=_clock_change(day),
            parts=tuple(PartOfDay(name, tuple(map(self.cell, group))) for name, group in parts),
        )

    def cell(self, time: Time) -> Cell:
        row = HoldRow(time.hold, self.viewer) if time.hold else None
        value = local_times.typed(time.start)
        return Cell(
            state="held" if row else "free" if time.is_free else "full",
            iso=local_times.iso(time.start),
            text=local_times.minute(time.start),
            client=client_time(time.start, self.choice.client_zone),
            seats=_seats(time),
            label=local_times.slot(time.start, None),
            value=value,
            url=self.url(slot_start=value, view=self.choice.view),
            is_chosen=time.start == self.choice.chosen,
            is_next=time.start == self.next_free,
            row=row,
            until=_until(time.hold, self.viewer) if time.hold else "",
        )

    def nothing_free(self, day: date, title: str) -> str:
        """Return which days have no free time: those shown, or all that were searched."""
        if self.choice.seek and self.choice.day is not None:
            first = max(self.today, self.choice.day)
            if first < day:
                days = {"first": local_times.date_name(first), "last": local_times.date_name(day)}
                return _("Nothing is free from %(first)s to %(last)s.") % days
        return _("Nothing is free on %(days)s.") % {"days": title}


def _part_of_day(moment: datetime) -> str:
    hour = moment.astimezone(local_times.zone()).hour
    if hour < MORNING_ENDS:
        return _("Morning")
    return _("Afternoon") if hour < AFTERNOON_ENDS else _("Evening")


def _title(dates: list[date]) -> str:
    first, last = local_times.date_name(dates[0]), local_times.date_name(dates[-1])
    return first if len(dates) == 1 else f"{first} – {last}"


def _free_count(count: int) -> str:
    if not count:
        return _("nothing free")
    return ngettext("%(n)s free", "%(n)s free", count) % {"n": count}


def _seats(time: Time) -> str:
    left = time.seats_remaining
    if left is None:
        return ""
    total = time.seats_total
    if total is None:
        return ngettext("%(n)s seat left", "%(n)s seats left", left) % {"n": left}
    return _("%(left)s of %(total)s seats left") % {"left": left, "total": total}


def _clock_change(day: date) -> str:
    hours = (local_times.midnight(day + ONE_DAY) - local_times.midnight(day)) / timedelta(hours=1)
    if hours == 24:
        return ""
    return _("The clocks change on this day: it has %(hours)g hours.") % {"hours": hours}


def _until(hold: Hold, viewer: Viewer) -> str:
    ends = hold.held_until
    if hold.latest_end is not None:
        ends = hold.latest_end + timedelta(seconds=59)
    return local_times.when(ends, viewer.now, time_of_day=local_times.minute) if ends else ""


def _trouble(listing: Listing, viewer: Viewer) -> Mapping[str, Any] | None:
    """Return why no listing is fresh, what to do, and the seconds to wait where that helps."""
    if not listing.cause:
        return None
    happened, what_now, passing = messages.free_times(listing.cause)
    wait = max(1, round((listing.again_at - viewer.now).total_seconds())) if passing else None
    return {"happened": happened, "what_now": what_now, "wait": wait}
