"""Counts of actions and answers, kept as entries are written, so that no page counts entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from django.db import models
from django.db.models import BigIntegerField, Case, F, Max, Min, Q, Sum, Value, When
from django.db.models.functions import Coalesce

from dashboard.audit.rollup_sql import DAY, QUARTER

ALL = "begun"  # the kind that counts each action once
NO_BOUND = 2**63 - 1


class LogCountQuerySet(models.QuerySet["LogCount"]):
    def in_steps(
        self, kind: str, starts: Sequence[int], end: int, step: int
    ) -> list[tuple[int, str, int]]:
        """Return start, value and sum of the counts of one kind in each step, from a first quarter.

        ``starts`` are the quarters at which hours or days begin, ``step`` the quarters of most of
        them. Where clocks change, a step begins with each, and one more in a longer one.
        """
        quarter = F("quarter")
        changes = [
            When(quarter__gte=start, then=quarter - (quarter - start % step) % step)
            for before, start in pairwise([-1, *starts])
            if before < 0 or before % step != start % step
        ]
        counts = self.filter(kind=kind, span=1, quarter__gte=starts[0], quarter__lt=end)
        begun = counts.annotate(start=Case(*reversed(changes), output_field=BigIntegerField()))
        return list(begun.values_list("start", "value").annotate(sum=Sum("count")).order_by())

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
        return list(counts.annotate(sum=Sum("count")).order_by("-sum", "value"))


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
    """
    days = LogCount.objects.filter(kind=ALL, span=DAY).order_by()
    found = Q()
    if since:
        later = days.filter(quarter__gte=quarter_of(since) // DAY * DAY)
        found &= Q(at__gte=since, id__gte=bound(later, Min("first"), 0))
    if until:
        earlier = days.filter(quarter__lte=quarter_of(until))
        found &= Q(at__lt=until, id__lte=bound(earlier, Max("last"), NO_BOUND))
    return found


def bound(days: LogCountQuerySet, edge: Min | Max, unknown: int) -> Coalesce:
    """Return an expression of the lowest or the highest id of these days."""
    ids = days.values("kind").annotate(edge=edge).values("edge")
    return Coalesce(models.Subquery(ids), Value(unknown), output_field=BigIntegerField())


def quarter_of(moment: datetime) -> int:
    """Return the number of the quarter of an hour that contains a moment."""
    return int(moment.timestamp()) // QUARTER


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """Return the upper bound of the bucket that contains this share of the answers, in order.

    Maps each bound to its number of answers; None without an answer.
    """
    rest = share * sum(counts.values())
    for bound in sorted(counts):
        rest -= counts[bound]
        if rest <= 0 and counts[bound]:
            return bound
    return None
