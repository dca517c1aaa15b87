"""Pictures of the log: counts of actions and response times in a range of days.

Everything is read from the rollups with three queries, and each bar leads to the entries that it
counts. Sizes are in the units of the templates' SVG.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from dashboard.audit import formatting
from dashboard.audit.action_labels import code_label
from dashboard.audit.named_people import Person
from dashboard.audit.rollup_sql import ANSWERED
from dashboard.audit.rollups import ALL, LogCount, percentile, quarter_of
from dashboard.audit.trail import SYSTEM, Action, Outcome
from dashboard.localization import local_times

MOST_BARS = 12  # of event types, causes and people; the rest is one bar
WIDTH, HEIGHT, STEP = 1000, 100, 10  # of a bar, a picture of columns, and a column
NONE = "none"  # in terms
HOUR = timedelta(hours=1)
BY_NUMBER = ("event-type", "person")
Chosen = dict[str, object]  # values of the log's form


@dataclass(frozen=True, slots=True)
class Range:
    """A range of local days, both included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return local_times.midnight(self.first)

    @property
    def until(self) -> datetime:
        return local_times.midnight(self.last + timedelta(days=1))

    @property
    def last_start(self) -> datetime:
        return local_times.midnight(self.last)

    @property
    def chosen(self) -> Chosen:
        return {"since": self.first, "until": self.last}


@dataclass(frozen=True, slots=True)
class Period:
    """An hour or a day of a range, and the query of the address of its entries."""

    start: datetime
    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A number of actions, and the query of the address of their entries, "" for the rest."""

    label: str
    count: int
    query: str
    width: int  # of WIDTH


class BarPicture(NamedTuple):
    """A picture of bars: what it shows of a kind of count, by its value."""

    title: str
    label: Callable[[Any], str]
    find: Callable[[Any], Chosen]  # filters that find what is counted, beside the days; {} for none


def draw(chosen: Range, people: Iterable[Person]) -> dict[str, Any]:
    """Return the pictures of a range: a number of ``actions``, two charts, and ``bars``."""
    counts, periods = LogCount.objects, list(periods_of(chosen))
    starts, end = [quarter_of(period.start) for period in periods], quarter_of(chosen.until)
    begun = by_period(starts, counts.by_periods(ALL, starts, end))
    answered = by_period(starts, counts.by_periods(ANSWERED, starts, end))
    actions = [period.total() for period in begun]
    pictures = bar_pictures(people)
    sums = summed(counts.totals(pictures, chosen.since, chosen.until))
    return {
        "actions": sum(actions),
        "activity": chart(periods, [(count, count, 0) for count in actions]),
        "response_times": chart(periods, map(median_and_95th, answered)),
        "bars": [
            (f"by-{kind}", picture.title, bars(sums[kind], picture, chosen.chosen))
            for kind, picture in pictures.items()
        ],
    }


def periods_of(chosen: Range) -> Iterator[Period]:
    """Yield the hours of a single day, which can be 23 or 25, or else the days."""
    if chosen.first < chosen.last:
        for number in range((chosen.last - chosen.first).days + 1):
            day = chosen.first + timedelta(days=number)
            start = local_times.midnight(day)
            yield Period(start, local_times.day_and_year(start), urlencode(Range(day, day).chosen))
        return
    start = chosen.since
    while start < chosen.until:
        hour = start.astimezone(local_times.zone()).isoformat(timespec="minutes")
        entries = {"find": f"hour:{hour}", **chosen.chosen}
        yield Period(start, local_times.minute(start), urlencode(entries))
        start += HOUR


def by_period(starts: Sequence[int], counted: Iterable[tuple[int, str, int]]) -> list[Counter[str]]:
    """Return the counts by value of each period; ``counted`` has quarter, value and count."""
    found: list[Counter[str]] = [Counter() for _start in starts]
    for quarter, value, count in counted:
        found[bisect_right(starts, quarter) - 1][value] += count
    return found


def median_and_95th(answers: Counter[str]) -> tuple[int, int, int]:
    """Return the number of answers, and the median and the 95th percentile in milliseconds."""
    buckets = {int(bound): count for bound, count in answers.items() if is_number(bound)}
    return answers.total(), percentile(buckets, 0.5), percentile(buckets, 0.95)


def chart(periods: Sequence[Period], measured: Iterable[tuple[int, int, int]]) -> dict[str, Any]:
    """Return a column for each period, from its count, value and larger value behind that.

    ``most`` is the value of the highest column.
    """
    measured = list(measured)
    most = max(max(value, larger) for _count, value, larger in measured)
    columns = []
    for place, (period, (count, value, larger)) in enumerate(zip(periods, measured, strict=True)):
        height, larger_height = size(value, most, HEIGHT), size(larger, most, HEIGHT)
        column = {
            "period": period,
            "count": count,
            "value": value,
            "larger": larger,
            "x": place * STEP,
            "y": HEIGHT - height,
            "height": height,
            "larger_y": HEIGHT - larger_height,
            "larger_height": larger_height,
        }
        columns.append(column)
    return {"columns": columns, "most": most, "width": len(columns) * STEP}


def bar_pictures(people: Iterable[Person]) -> dict[str, BarPicture]:
    """Return the pictures by the kind that they show, in the order of the page."""
    actions = dict(Action.choices)
    outcomes = {**dict(Outcome.choices), NONE: _("no outcome")}
    states = formatting.choice_labels("state")
    names = {person.pk: person.name for person in people} | {0: _("the system")}
    return {
        "action": BarPicture(
            _("Actions, done or tried"),
            lambda each: str(actions.get(each, each)),
            # No search finds what only an older version wrote.
            lambda each: {"action": each} if each in actions else {},
        ),
        "outcome": BarPicture(
            _("Outcomes"),
            lambda each: str(outcomes.get(each, each)),
            lambda each: {"outcome": each} if each in outcomes else {},
        ),
        "cause": BarPicture(
            _("Refusals by cause"),
            lambda cause: _("without a cause") if cause == NONE else code_label(cause),
            lambda cause: {"outcome": Outcome.REFUSED, "find": f"cause:{cause}"},
        ),
        "end": BarPicture(
            _("How holds ended"),
            lambda each: str(states.get(each, each)),
            lambda each: {"find": f"ended:{each}"},
        ),
        "event-type": BarPicture(
            _("Busiest event types, by holds asked for"),
            lambda number: formatting.display("event_type_id", number),
            lambda number: {"action": Action.PLACE, "event": number},
        ),
        "person": BarPicture(
            _("Actions by person"),
            lambda pk: names.get(pk, str(pk)),
            lambda pk: {"person": pk or SYSTEM} if pk in names else {},
        ),
    }


def summed(totals: Iterable[tuple[str, str, int]]) -> defaultdict[str, Counter[Any]]:
    """Return the sums for each picture of bars, by what its bars stand for."""
    sums: defaultdict[str, Counter[Any]] = defaultdict(Counter)
    for kind, value, count in totals:
        if kind not in BY_NUMBER:
            sums[kind][str(value) or NONE] += count
        elif is_number(value):
            sums[kind][int(value)] += count
    sums["outcome"][NONE] = sums["action"].total() - sums["outcome"].total()
    return sums


def is_number(value: object) -> bool:
    """Return whether a stored value is a number; another program may have changed it."""
    return str(value).isdecimal()


def bars(sums: Counter[Any], picture: BarPicture, days: Chosen) -> list[Bar]:
    """Return a bar for each of the largest sums, and one for the rest."""
    found = [(value, count) for value, count in sums.most_common() if count > 0]
    rest = sum(count for _value, count in found[MOST_BARS:])
    most = max(rest, *(count for _value, count in found), 0)
    shown = []
    for value, count in found[:MOST_BARS]:
        filters = picture.find(value)
        entries = urlencode(filters | days) if filters else ""
        shown.append(Bar(picture.label(value), count, entries, size(count, most, WIDTH)))
    return [*shown, Bar(_("all others"), rest, "", size(rest, most, WIDTH))] if rest else shown


def size(value: int, most: int, whole: int) -> int:
    """Return the length of a bar, which is visible however small its value is."""
    return max(round(value * whole / most), 1) if value > 0 else 0
