"""The picker: a day or a week of free times, drawn for one person in their own zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.holds import free_times, local_times, messages, open_times
from dashboard.holds.free_times import Listing, Span
from dashboard.holds.open_times import Time
from dashboard.pages.rows import Row, Viewer, iso, row_of

DAY, WEEK = "day", "week"
ONE_DAY, ONE_WEEK = timedelta(days=1), timedelta(days=7)
# How far "next free" looks beyond the week that is shown.
FAR = 28  # days
# How many ways out a refusal offers.
WAYS = 4
MORNING_ENDS, AFTERNOON_ENDS = 12, 18  # hours


@dataclass(frozen=True, slots=True)
class Choice:
    """What to look at. ``slot_duration`` 0 is the event type's own length; ``seek`` asks for the
    first day with a free time from ``day`` on; ``chosen`` is the time that is in the form."""

    event_type_id: int | None
    slot_duration: int = 0
    day: date | None = None
    view: str = DAY
    seek: bool = False
    sought: date | None = None  # the first day that ``seek`` looked at
    client_zone: str = ""
    chosen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One time as it is drawn. ``row`` is our hold that keeps it."""

    state: str  # free, full, held
    iso: str
    text: str
    offset: str
    client: str
    seats: str
    said: str
    typed: str
    url: str
    is_chosen: bool
    is_next: bool
    row: Row | None


@dataclass(frozen=True, slots=True)
class Part:
    """Morning, afternoon or evening."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Day:
    iso: str
    name: str
    url: str
    is_today: bool
    count: str
    clocks: str  # what is odd about the day, if the clocks change
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Picker:
    """The times of one event type, and the ways to other days."""

    view: str
    title: str
    days: tuple[Day, ...]
    free: int
    back_url: str
    on_url: str
    day_url: str
    week_url: str
    seek_url: str
    trouble: Mapping[str, Any] | None
    as_of: str
    client_zone: str
    summary: str
    nothing: str  # where nothing is free: from when to when


class Reader:
    """The times of one event type, each span read once."""

    def __init__(self, event_type_id: int, slot_duration: int, viewer: Viewer) -> None:
        self._about = event_type_id, slot_duration
        self._viewer = viewer
        self.seen_until: date | None = None
        self._read: dict[tuple[date, int], tuple[Listing, list[Time]]] = {}

    def week(self, day: date) -> tuple[Listing, list[Time]]:
        return self._times(day - ONE_DAY * day.weekday(), ONE_WEEK.days)

    def free_from(self, day: date) -> Iterable[Time]:
        """Free times from a day on: of its week, and of four more only where those are wanted."""
        listing, times = self.week(day)
        yield from (t for t in times if t.is_free and local_times.local_date(t.start) >= day)
        if not listing.cause:
            monday = day + ONE_WEEK - ONE_DAY * day.weekday()
            self.seen_until = monday + ONE_DAY * FAR
            yield from (t for t in self._times(monday, FAR)[1] if t.is_free)

    def _times(self, first: date, days: int) -> tuple[Listing, list[Time]]:
        """Of days where the viewer is."""
        asked = first, days
        if asked not in self._read:
            read = [self._listed(span) for span in self._spans(first, days)]
            listing = next((listing for listing, _times in read if listing.cause), read[0][0])
            past = first + ONE_DAY * days
            times = [time for _listing, found in read for time in found]
            of_days = [time for time in times if first <= local_times.local_date(time.start) < past]
            self._read[asked] = listing, sorted(of_days, key=lambda time: time.start)
        return self._read[asked]

    def _spans(self, first: date, days: int) -> Iterable[Span]:
        """The same days at the office, and of a viewer far away what theirs reach into beside."""
        event_type_id, slot_duration = self._about
        span = Span(event_type_id, first, days, slot_duration)
        past = first + ONE_DAY * days
        yield span
        if local_times.midnight(first) < span.start:
            yield Span(event_type_id, first - ONE_DAY, 1, slot_duration)
        if local_times.midnight(past) > span.end:
            yield Span(event_type_id, past, 1, slot_duration)

    def _listed(self, span: Span) -> tuple[Listing, list[Time]]:
        viewer = self._viewer
        listing = free_times.listing(span, now=viewer.now)
        return listing, open_times.of(span, listing, at=viewer.at, now=viewer.now)


def picker(choice: Choice, *, viewer: Viewer, path: str, keep: Mapping[str, str]) -> Picker | None:
    """The times to choose from; None while there is no event type.

    ``path`` is the page that a chosen time leads to, ``keep`` what its address carries besides.
    """
    if choice.event_type_id is None:
        return None
    reader = Reader(choice.event_type_id, choice.slot_duration, viewer)
    today = local_times.local_date(viewer.at)
    sought = max(today, choice.day) if choice.seek and choice.day else None
    choice = replace(choice, day=_day(choice, reader, today), sought=sought)
    return _Drawing(choice, reader, viewer, today, _addresses(choice, path, keep)).picker()


def ways_out(choice: Choice, *, viewer: Viewer, path: str, keep: Mapping[str, str]) -> list[Cell]:
    """The next free times after one that was refused."""
    refused = choice.chosen
    if choice.event_type_id is None or refused is None:
        return []
    reader = Reader(choice.event_type_id, choice.slot_duration, viewer)
    address = _addresses(choice, path, keep)
    day = local_times.local_date(max(refused, viewer.at))
    draw = _Drawing(replace(choice, day=day), reader, viewer, day, address)
    return [draw.cell(time) for time in _after(refused, reader.free_from(day))]


def _after(refused: datetime, times: Iterable[Time]) -> Iterable[Time]:
    """The first few that do not overlap what was refused, as far as their lengths tell."""
    found: list[Time] = []
    for time in times:
        length = time.end - time.start if time.end else timedelta(0)
        if time.start > refused and time.start >= refused + length and len(found) < WAYS:
            found.append(time)
        if len(found) == WAYS:
            break
    return found


def _day(choice: Choice, reader: Reader, today: date) -> date:
    """The day to show: the one asked for, the chosen time's, or the first with a free time."""
    if choice.day is None and choice.chosen is not None:
        return max(today, local_times.local_date(choice.chosen))
    wanted = max(today, choice.day or today)
    if choice.day is not None and not choice.seek:
        return wanted
    first = next(iter(reader.free_from(wanted)), None)
    if first is not None:
        return local_times.local_date(first.start)
    # Nothing as far as that looks: go on from there, so that asking again looks further.
    return reader.seen_until if choice.seek and reader.seen_until else wanted


Address = Callable[..., str]


def _addresses(choice: Choice, path: str, keep: Mapping[str, str]) -> Address:
    """Makes addresses of the same page with other values."""
    about = {
        "event_type_id": choice.event_type_id,
        "slot_duration": choice.slot_duration or None,
        "client_zone": choice.client_zone or None,
    }

    def address(**more: Any) -> str:
        given = {**keep, **about, **more}
        return f"{path}?{urlencode({k: str(v) for k, v in given.items() if v is not None})}"

    return address


class _Drawing:
    """Draws the days of a choice whose day is known."""

    def __init__(
        self, choice: Choice, reader: Reader, viewer: Viewer, today: date, address: Address
    ) -> None:
        self.choice = choice
        self.day = choice.day or today
        self.reader = reader
        self.viewer = viewer
        self.today = today
        self.address = address
        self.next: datetime | None = None

    def picker(self) -> Picker:
        listing, times = self.reader.week(self.day)
        shown = self._dates()
        free = [t for t in times if t.is_free and local_times.local_date(t.start) in shown]
        self.next = free[0].start if free else None
        return Picker(
            view=self.choice.view,
            title=_title(shown),
            days=tuple(self._drawn(day, times) for day in shown),
            free=len(free),
            back_url=self._back(),
            on_url=self._go(self.day + self._step()),
            day_url=self.address(view=DAY, day=self.day),
            week_url=self.address(view=WEEK, day=self.day),
            seek_url=self.address(view=self.choice.view, day=shown[-1] + ONE_DAY, seek="yes"),
            trouble=_trouble(listing, self.viewer),
            as_of=_as_of(listing),
            client_zone=self.choice.client_zone,
            summary=_summary(len(free), _title(shown)),
            nothing="" if free else self._nothing(_title(shown)),
        )

    def _nothing(self, title: str) -> str:
        sought = self.choice.sought
        if sought is None or sought >= self.day:
            return _("Nothing is free on %(days)s.") % {"days": title}
        days = {"first": local_times.date_name(sought), "last": local_times.date_name(self.day)}
        return _("Nothing is free from %(first)s to %(last)s.") % days

    def cell(self, time: Time) -> Cell:
        row = row_of(time.hold, self.viewer) if time.hold else None
        typed = local_times.typed(time.start)
        local = time.start.astimezone(local_times.zone())
        return Cell(
            state="held" if row else "free" if time.is_free else "full",
            iso=iso(time.start),
            text=local_times.minute(time.start),
            offset=f"{local:%z}"[:3] if local_times.is_doubled(time.start) else "",
            client=at_the_client(time.start, self.choice.client_zone),
            seats=_seats(time),
            said=local_times.slot(time.start, None),
            typed=typed,
            url=self.address(slot_start=typed, view=self.choice.view),
            is_chosen=time.start == self.choice.chosen,
            is_next=time.start == self.next,
            row=row,
        )

    def _dates(self) -> list[date]:
        if self.choice.view != WEEK:
            return [self.day]
        monday = self.day - ONE_DAY * self.day.weekday()
        week = [monday + ONE_DAY * n for n in range(ONE_WEEK.days)]
        return [day for day in week if day >= self.today]

    def _step(self) -> timedelta:
        """To the next day, or to the Monday that follows."""
        if self.choice.view != WEEK:
            return ONE_DAY
        return ONE_WEEK - ONE_DAY * self.day.weekday()

    def _back(self) -> str:
        first = self._dates()[0]
        if first <= self.today:
            return ""
        step = ONE_WEEK if self.choice.view == WEEK else ONE_DAY
        return self._go(max(self.today, first - step))

    def _go(self, day: date) -> str:
        return self.address(view=self.choice.view, day=day)

    def _drawn(self, day: date, times: list[Time]) -> Day:
        of_day = [time for time in times if local_times.local_date(time.start) == day]
        parts = groupby(of_day, key=lambda time: _part(time.start))
        return Day(
            iso=str(day),
            name=local_times.date_name(day),
            url=self.address(view=DAY, day=day),
            is_today=day == self.today,
            count=_free(sum(time.is_free for time in of_day)),
            clocks=_clocks(day),
            parts=tuple(Part(name, tuple(map(self.cell, group))) for name, group in parts),
        )


def at_the_client(moment: datetime, zone: str) -> str:
    """The same time at the client's, with its day where that is another one."""
    if not zone:
        return ""
    there = moment.astimezone(ZoneInfo(zone))
    if there.date() == local_times.local_date(moment):
        return f"{there:%H:%M}"
    return f"{local_times.date_name(there.date())} {there:%H:%M}"


def _part(moment: datetime) -> str:
    hour = moment.astimezone(local_times.zone()).hour
    if hour < MORNING_ENDS:
        return _("Morning")
    return _("Afternoon") if hour < AFTERNOON_ENDS else _("Evening")


def _title(days: list[date]) -> str:
    first, last = local_times.date_name(days[0]), local_times.date_name(days[-1])
    return first if len(days) == 1 else f"{first} – {last}"


def _free(count: int) -> str:
    if not count:
        return _("nothing free")
    return ngettext("%(n)s free", "%(n)s free", count) % {"n": count}


def _summary(count: int, title: str) -> str:
    """What a screen reader hears when other days are shown."""
    return f"{title}: {_free(count)}"


def _seats(time: Time) -> str:
    left = time.seats_remaining
    if left is None:
        return ""
    return ngettext("%(n)s seat left", "%(n)s seats left", left) % {"n": left}


def _clocks(day: date) -> str:
    hours = (local_times.midnight(day + ONE_DAY) - local_times.midnight(day)) / timedelta(hours=1)
    if hours == 24:
        return ""
    return _("The clocks change on this day: it has %(hours)g hours.") % {"hours": hours}


def _as_of(listing: Listing) -> str:
    """When an answer came that is older than it should be."""
    return local_times.clock(listing.as_of) if listing.as_of and listing.cause else ""


def _trouble(listing: Listing, viewer: Viewer) -> Mapping[str, Any] | None:
    """Why there is no fresh answer, and what now."""
    if not listing.cause:
        return None
    happened, what_now = messages.of_free_times(listing.cause)
    wait = max(1, round((listing.again_at - viewer.now).total_seconds()))
    return {"happened": happened, "what_now": what_now, "wait": wait}


def is_taken(cause: str) -> bool:
    """Whether a refusal means that somebody else was first."""
    return cause in open_times.TAKEN or cause == "being_asked"
