"""Counts of actions and answers, kept as entries are written, so that no page counts entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import models

from dashboard.audit.rollup_sql import QUARTER

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class QuarterQuerySet(models.QuerySet[Row_co]):
    """Queries of a rollup by its time."""

    def between(self, since: datetime, until: datetime) -> QuarterQuerySet[Row_co]:
        """Keep the counts from one start of a quarter of an hour to another, exclusive."""
        return self.filter(quarter__gte=quarter_of(since), quarter__lt=quarter_of(until))

    def by(self, *columns: str) -> list[tuple[Any, ...]]:
        """Return the values of columns with their sums, the largest first."""
        sums = self.values_list(*columns).annotate(sum=models.Sum("count"))
        return list(sums.order_by("-sum", *columns))


class QuarterCount(models.Model):
    """A count in one quarter of an hour, numbered from 1970 in UTC; triggers write it."""

    quarter = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        abstract = True


class ActionCount(QuarterCount):
    """Actions that began in a quarter of an hour: ``outcome`` is "" in the count of all of them.

    The other counts are of those that ended, by outcome.
    """

    pk = models.CompositePrimaryKey(
        "quarter", "action", "outcome", "cause", "ended", "actor", "event_type"
    )
    action = models.CharField(max_length=20)
    outcome = models.CharField(max_length=12)
    cause = models.CharField(max_length=100)  # error code, or ""
    ended = models.CharField(max_length=12)  # the state in which the action ended a hold, or ""
    actor = models.BigIntegerField()  # primary key of a person, 0 for none
    event_type = models.BigIntegerField()  # that was asked for, 0 for none

    objects = QuarterQuerySet["ActionCount"].as_manager()

    def __str__(self) -> str:
        return f"{self.count} {self.action} {self.outcome}".rstrip()


class CallCount(QuarterCount):
    """Answers of cal.com by the time they took."""

    pk = models.CompositePrimaryKey("quarter", "bucket")
    bucket = models.IntegerField()  # upper bound in milliseconds

    objects = QuarterQuerySet["CallCount"].as_manager()

    def __str__(self) -> str:
        return f"{self.count} within {self.bucket} ms"


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
