"""Totals of the calls to cal.com for ``/metrics``.

Calls of actions are in the audit log, and counted from there when the totals are asked for, so that
no action writes a row more. Each count goes on from where the last one ended, so that its cost does
not grow with the log; counting begins when it is asked for the first time. Reads of lists have no
entry, and are counted as they happen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.db import connection, models, transaction

from dashboard.audit.models import AuditEntry
from dashboard.calcom import Exchange

ROW = 1  # primary key
MOST_AT_ONCE = 10_000  # entries
# Where transactions overlap, an entry may appear after one with a higher id.
SETTLED_AFTER = timedelta(seconds=5)
BUCKETS = (100, 250, 500, 1000, 2500, 5000, 10_000)  # upper bounds in milliseconds


class CallTotals(models.Model):
    """Totals of the calls in the audit log since counting began, in one row."""

    last_entry = models.BigIntegerField(default=0)  # the key of the last audit entry counted
    # "METHOD path|outcome" to the number of calls, their milliseconds, and the number per bucket,
    # of which the last is for all that took longer.
    totals: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"calls up to entry {self.last_entry}"


class ReadCount(models.Model):
    """Number of calls that no audit entry has: of lists of free times, event types and teams."""

    pk = models.CompositePrimaryKey("name", "bucket")
    name = models.CharField(max_length=150)  # as in ``CallTotals.totals``
    bucket = models.SmallIntegerField()  # place in BUCKETS
    number = models.BigIntegerField()
    milliseconds = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.number} times {self.name}"


COUNT_READ = """
INSERT INTO dashboard_readcount AS kept (name, bucket, number, milliseconds)
VALUES (%s, %s, %s, %s)
ON CONFLICT (name, bucket) DO UPDATE
SET number = kept.number + excluded.number,
    milliseconds = kept.milliseconds + excluded.milliseconds
"""


def count_reads(reads: Iterable[Exchange]) -> None:
    """Count calls that no audit entry has, for all processes.

    Each transaction counts in the same order, so that no two wait for each other. A page may read
    the lists of hundreds of calendars: they take a statement for each name and bucket.
    """
    lasted: dict[tuple[str, int], list[int]] = defaultdict(list)
    for each in reads:
        name = name_of(each.method, each.path, each.status)
        lasted[name, bucket_of(each.milliseconds)].append(each.milliseconds)
    with connection.cursor() as cursor:
        for key in sorted(lasted):
            cursor.execute(COUNT_READ, [*key, len(lasted[key]), sum(lasted[key])])


def all_totals(now: datetime, *, is_writable: bool) -> dict[str, Any]:
    """Return the totals of all calls, in the form of ``CallTotals.totals``.

    Where the database takes no writes, what the log has gained since the last count is missing.
    """
    logged = count_log(now) if is_writable else CallTotals.objects.filter(pk=ROW).first()
    totals = logged.totals if logged else {}
    for read in ReadCount.objects.all():
        add(totals, read.name, read.bucket, read.number, read.milliseconds)
    return totals


def count_log(now: datetime) -> CallTotals:
    """Count what the log has gained."""
    with transaction.atomic():
        row = CallTotals.objects.select_for_update().filter(pk=ROW).first()
        if row is None:
            newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first()
            row, _created = CallTotals.objects.get_or_create(
                pk=ROW, defaults={"last_entry": newest or 0}
            )
        entries = AuditEntry.objects.filter(id__gt=row.last_entry).order_by("id")
        fresh = entries.values_list(
            "id", "at", "answered_method", "answered_path", "status", "milliseconds"
        )
        # The first that is too new ends the count, or an older one after it would be left out.
        # One that is far ahead was written before the clock was set back.
        next_ones = fresh[:MOST_AT_ONCE]
        found = list(takewhile(lambda entry: abs(now - entry[1]) >= SETTLED_AFTER, next_ones))
        for _id, _at, method, path, status, taken in found:
            if method:
                name, milliseconds = name_of(method, path, status), taken or 0
                add(row.totals, name, bucket_of(milliseconds), 1, milliseconds)
        if found:
            row.last_entry = found[-1][0]
            row.save()
    return row


def add(totals: dict[str, Any], name: str, bucket: int, number: int, milliseconds: int) -> None:
    total = totals.setdefault(name, [0, 0, [0] * (len(BUCKETS) + 1)])
    total[0] += number
    total[1] += milliseconds
    total[2][bucket] += number


def name_of(method: str, path: str, status: int | None) -> str:
    return f"{method} {path}|{outcome_label(status)}"


def bucket_of(milliseconds: int) -> int:
    return sum(milliseconds > bound for bound in BUCKETS)


def outcome_label(status: int | None) -> str:
    """Name what an HTTP status says of a call; None is no answer."""
    if status is None:
        return "unanswered"
    if status < 400:
        return "ok"
    return "limited" if status == 429 else "refused" if status < 500 else "failed"
