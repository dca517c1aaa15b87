"""Counts of actions and answers, kept as entries are written, so that no page counts entries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import models
from django.db.models import F, Max, Min, Q, Sum
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan

from dashboard.audit.rollup_sql import DAY, QUARTER

ALL = "begun"  # the kind that counts each action once
MAX_ID = 2**63 - 1
HALF_DAY = F("quarter") / (DAY // 2)  # number of the half of a day in UTC


def as_number(column: str) -> Cast:
    """Return a column of numbers; zero where another program has stored a text in SQLite."""
    return Cast(column, models.BigIntegerField())


class LogCountQuerySet(models.QuerySet["LogCount"]):
    def by_periods(self, kind: str, starts: Sequence[int], end: int) -> list[tuple[int, str, int]]:
        """Return quarter, value and count of all of one kind from the first start to the end.

        ``starts`` are the quarters at which hours or local days begin. Counts of several days are
        those of days in UTC, each given at its noon. A quarter that belongs to another local day
        has two more rows: its count at the quarter itself, and the negative count at that noon.
        """
        counts = self.filter(kind=kind)
        if end - starts[0] < 2 * DAY:
            found = counts.filter(span=1, quarter__gte=starts[0], quarter__lt=end)
            return list(found.values_list("quarter", "value", as_number("count")))
        moved = {each for midnight in (*starts, end) for each in up_to_noon(midnight)}
        first_day = starts[0] // DAY * DAY
        days = Q(span=DAY, quarter__gte=first_day, quarter__lt=end)
        # All quarters moved in one half of a day belong to the same local day.
        halves = counts.filter(days | Q(span=1, quarter__in=moved)).annotate(half=HALF_DAY)
        sums = halves.values_list("span", "half", "value").annotate(sum=Sum(as_number("count")))
        rows = []
        for span, half, value, count in sums:
            start = half * DAY // 2
            rows.append((noon(start), value, count if span == DAY else -count))
            if span == 1:
                rows.append((start if start % DAY == 0 else start + DAY // 2 - 1, value, count))
        return [row for row in rows if starts[0] <= row[0] < end]

    def totals(
        self, kinds: Iterable[str], since: datetime, until: datetime
    ) -> list[tuple[str, str, int]]:
        """Return kind, value and sum of the counts in a time; the largest first.

        Whole days in UTC are read as such, and only the ends of the time by quarters of an hour.
        """
        start, end = quarter_of(since), quarter_of(until)
        first_day, last_day = -(-start // DAY) * DAY, end // DAY * DAY
        inside = Q(span=1, quarter__gte=start, quarter__lt=end)
        if first_day < last_day:
            inside = (
                Q(span=1, quarter__gte=start, quarter__lt=first_day)
                | Q(span=DAY, quarter__gte=first_day, quarter__lt=last_day)
                | Q(span=1, quarter__gte=last_day, quarter__lt=end)
            )
        counts = self.filter(inside, kind__in=kinds).values_list("kind", "value")
        return list(counts.annotate(sum=Sum(as_number("count"))).order_by("-sum", "value"))


class LogCount(models.Model):
    """Number of actions, or of cal.com's answers, of one kind and value in a time; by triggers.

    ``quarter`` is the first of ``span`` quarters of an hour, numbered from 1970 in UTC. ``first``
    and ``last`` are the lowest and the highest id of what is counted.
    """

    pk = models.CompositePrimaryKey("kind", "span", "quarter", "value")
    kind = models.CharField(max_length=12)
    span = models.SmallIntegerField()
    quarter = models.BigIntegerField()
    value = models.CharField(max_length=100)
    count = models.BigIntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    objects = LogCountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.count} of {self.kind} {self.value}".rstrip()


def begun_between(since: datetime | None, until: datetime | None) -> Q:
    """Match actions that began from one moment to another, exclusive; None is no limit.

    The database finds them by bounds of their ids, which hold even where a clock was set back.
    The bounds are values, because PostgreSQL cannot estimate how much of the log a subquery leaves.
    Coalesce keeps it from estimating that the limits of time narrow the result a second time.
    Where no action was counted, no id is between the bounds.
    """
    if since is None and until is None:
        return Q()
    days = LogCount.objects.filter(kind=ALL, span=DAY)
    found = Q()
    if since:
        later = days.filter(quarter__gte=quarter_of(since) // DAY * DAY)
        first = later.aggregate(edge=Min(as_number("first")))["edge"]
        found &= Q(
            GreaterThanOrEqual(Coalesce("at", since), since),
            id__gte=MAX_ID if first is None else first,
        )
    if until:
        earlier = days.filter(quarter__lte=quarter_of(until))
        found &= Q(
            LessThan(Coalesce("at", until), until),
            id__lte=earlier.aggregate(edge=Max(as_number("last")))["edge"] or 0,
        )
    return found


def noon(quarter: int) -> int:
    """Return the quarter at which the second half of a day in UTC begins."""
    return quarter // DAY * DAY + DAY // 2


def up_to_noon(midnight: int) -> range:
    """Return the quarters of a day in UTC that this local midnight separates from its noon."""
    day = midnight // DAY * DAY
    return range(day, midnight) if midnight <= noon(day) else range(midnight, day + DAY)


def quarter_of(moment: datetime) -> int:
    """Return the number of the quarter of an hour that contains a moment."""
    return int(moment.timestamp()) // QUARTER


def percentile(counts: Mapping[int, int], share: float) -> int:
    """Return the upper bound of the bucket that contains this share of the answers, in order.

    Maps each bound to its number of answers; 0 without an answer.
    """
    rest = share * sum(counts.values())
    for bound in sorted(counts):
        rest -= counts[bound]
        if rest <= 0 and counts[bound]:
            return bound
    return 0
