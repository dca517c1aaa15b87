"""Draw the free times of one event type: a day or a week, in the viewer's own zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import groupby, islice
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _, ngettext

from dashboard.calcom_state.free_times import Listing
from dashboard.holds import messages
from dashboard.holds.models import Hold
from dashboard.holds.open_times import OpenTime
from dashboard.localization import local_times
from dashboard.localization.local_times import local_date
from dashboard.pages.for_client import client_time
from dashboard.pages.picker_times import DAY, TimesReader, dates_shown, etag_of_holds, navigation
from dashboard.pages.rows import HoldRow
from dashboard.pages.viewers import Viewer

MORNING_ENDS, AFTERNOON_ENDS = 12, 18  # hours
MOST_ALTERNATIVES = 4  # other times that are offered when one was taken


@dataclass(frozen=True, slots=True)
class PickerChoice:
    """Values that a person has chosen of a picker, with what stands for the rest."""

    event_type_id: int | None
    slot_duration: int = 0  # minutes; 0 is the event type's own length
    day: date | None = None
    view: str = DAY
    seek: bool = False  # show the first day with a free time from ``day`` on
    client_zone: str = ""
    chosen: datetime | None = None  # the time that is in the form
    hosts: frozenset[Any] = frozenset()  # whose other holds hide times


class Grid:
    """A day or a week. Cells lead to ``path`` with ``kept`` values in their address."""

    def __init__(
        self, choice: PickerChoice, viewer: Viewer, path: str, kept: Mapping[str, str]
    ) -> None:
        if choice.event_type_id is None:
            raise ValueError("there is no grid without an event type")
        self.choice = choice
        self.viewer = viewer
        self.path = path
        self.kept = kept
        self.today = local_date(viewer.cal_now)
        self.reader = TimesReader(
            choice.event_type_id, choice.slot_duration, viewer, hosts=choice.hosts
        )
        day = self.day_to_show()
        listing, self.times = self.reader.week(day)
        self.dates = dates = dates_shown(choice.view, day, self.today)
        free = [t.start for t in self.times if t.is_free and local_date(t.start) in dates]
        self.next_free = free[0] if free else None
        self.free = len(free)
        self.nav = navigation(choice.view, day, dates, self.today, url=self.url)
        self.unread = listing.listed.unread  # times that cannot be read
        self.trouble = _trouble(listing, viewer)  # why there is no fresh listing
        # When cal.com listed these times, where they are older than they should be.
        self.as_of = local_times.clock(listing.as_of) if listing.as_of and listing.cause else ""
        # For screen readers, when other days are shown.
        self.summary = f"{self.nav['title']}: {_free_count(self.free)}"
        # Without the time that is chosen.
        self.poll_url = self.url(view=choice.view, day=dates[0]).replace("?", "/times?", 1)
        self.etag = etag_of_holds([t.hold for t in self.times if t.hold], dates, viewer)
        self.nothing = "" if free else self.nothing_free(day)

    @cached_property
    def days(self) -> list[Day]:
        return [Day(each, self) for each in self.dates]

    def alternatives(self) -> list[Cell]:
        """Draw the first free times after the chosen one that do not overlap it."""
        taken = self.choice.chosen
        if taken is None:
            return []
        day = local_date(max(taken, self.viewer.cal_now))
        later = (
            time
            for time in self.reader.free_from(day)
            # Where lengths are not known, every later time counts.
            if time.start > taken and (not time.end or time.start - taken >= time.end - time.start)
        )
        return [Cell(time, self) for time in islice(later, MOST_ALTERNATIVES)]

    def day_to_show(self) -> date:
        """Return the day asked for, that of the chosen time, or the first with a free time."""
        choice = self.choice
        if choice.day is None and choice.chosen is not None:
            return max(self.today, local_date(choice.chosen))
        wanted = max(self.today, choice.day or self.today)
        if choice.day is not None and not choice.seek:
            return wanted
        first = next(iter(self.reader.free_from(wanted)), None)
        if first is not None:
            return local_date(first.start)
        # A search that found nothing goes on from where it ended when it is asked for again.
        return (self.reader.searched_until or wanted) if choice.seek else wanted

    def url(self, **params: Any) -> str:
        """Return the page's address with other values."""
        choice = {
            "event_type_id": self.choice.event_type_id,
            "slot_duration": self.choice.slot_duration or self.kept.get("slot_duration"),
            "client_zone": self.choice.client_zone or None,
        }
        query = {**self.kept, **choice, **params}
        shown = {name: str(value) for name, value in query.items() if value is not None}
        return f"{self.path}?{urlencode(shown)}"

    def nothing_free(self, day: date) -> str:
        """Return which days have no free time: those shown, or all that were searched."""
        if self.choice.seek and self.choice.day is not None:
            first = max(self.today, self.choice.day)
            if first < day:
                days = {"first": local_times.date_name(first), "last": local_times.date_name(day)}
                return _("Nothing is free from %(first)s to %(last)s.") % days
        return _("Nothing is free on %(days)s.") % {"days": self.nav["title"]}


class Day:
    """One column of the grid."""

    def __init__(self, day: date, grid: Grid) -> None:
        of_day = [time for time in grid.times if local_date(time.start) == day]
        parts = groupby(of_day, key=lambda time: _part_of_day(time.start))
        self.name = local_times.date_name(day)
        self.url = grid.url(view=DAY, day=day)
        self.count = _free_count(sum(time.is_free for time in of_day))
        self.clocks = _clock_change(day)  # a notice where the clocks change on this day
        self.parts = [(name, [Cell(time, grid) for time in group]) for name, group in parts]


class Cell:
    """One time as it is drawn."""

    def __init__(self, time: OpenTime, grid: Grid) -> None:
        self.row = HoldRow(time.hold, grid.viewer) if time.hold else None  # the hold that keeps it
        self.state = "held" if self.row else "free" if time.is_free else "full"
        self.iso = local_times.iso(time.start)
        self.text = local_times.minute(time.start)
        # The same time at the client's.
        self.client = client_time(time.start, grid.choice.client_zone)
        self.seats = _seats(time)
        self.label = local_times.slot(time.start, None)  # with its day
        self.value = local_times.typed(time.start)  # as the form takes it
        self.url = grid.url(slot_start=self.value, view=grid.choice.view)
        self.is_chosen = time.start == grid.choice.chosen
        self.is_next = time.start == grid.next_free  # the first free time shown
        # Its end, cut to the minute; the latest one rounded up where not confirmed.
        self.until = _until(time.hold, grid.viewer) if time.hold else ""


def _part_of_day(moment: datetime) -> str:
    hour = moment.astimezone(local_times.zone()).hour
    if hour < MORNING_ENDS:
        return _("Morning")
    return _("Afternoon") if hour < AFTERNOON_ENDS else _("Evening")


def _free_count(count: int) -> str:
    if not count:
        return _("nothing free")
    return ngettext("%(n)s free", "%(n)s free", count) % {"n": count}


def _seats(time: OpenTime) -> str:
    left = time.seats_remaining
    if left is None:
        return ""
    total = time.seats_total
    if total is None:
        return ngettext("%(n)s seat left", "%(n)s seats left", left) % {"n": left}
    return _("%(left)s of %(total)s seats left") % {"left": left, "total": total}


def _clock_change(day: date) -> str:
    next_day = day + timedelta(days=1)
    hours = (local_times.midnight(next_day) - local_times.midnight(day)) / timedelta(hours=1)
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
    why = messages.not_fresh(listing.cause)
    wait = max(1, round((listing.again_at - viewer.now).total_seconds())) if why.passes else None
    return {"happened": why.happened, "what_now": why.what_now, "wait": wait}
