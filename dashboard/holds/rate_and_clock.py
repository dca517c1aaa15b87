"""What cal.com told us of its clock and its rate, kept in one row for all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from dashboard.calcom import CalcomError, Cause, Exchange
from dashboard.holds.models import Upstream

ROW = 1

# How long a cal.com that answered an extension in place with the self-overlap 422 is believed
# to do so again: https://github.com/calcom/cal.diy/pull/28993 names the defect.
SELF_OVERLAP_IS_BELIEVED = timedelta(hours=1)

# A block lasts a minute at cal.com; this stands in where a 429 does not say.
DEFAULT_WAIT = 60

# Calls that background work and checks in bulk leave for people's own actions.
KEPT_FOR_PEOPLE = 20


def load() -> Upstream:
    """What is known; a fresh row where nothing is. Every action asks this before all else."""
    known = Upstream.objects.raw("SELECT * FROM dashboard_upstream WHERE id = %s", [ROW])
    return next(iter(known), None) or Upstream(pk=ROW)


def wait_for_turn() -> None:
    """Let nobody else count on the rate until the caller's transaction ends.

    After the rows of holds, in the order in which a verb's end writes them.
    """
    # SQLite has no row locks; there a transaction of ours has the database to itself.
    Upstream.objects.select_for_update().filter(pk=ROW).first()


def learn(upstream: Upstream, exchange: Exchange, error: CalcomError | None = None) -> None:
    """Take what one exchange tells into ``upstream``, in memory."""
    _learn_clock(upstream, exchange)
    _learn_rate(upstream, exchange)
    if error is not None and error.cause == Cause.RATE_LIMITED:
        wait = timedelta(seconds=error.retry_after or DEFAULT_WAIT)
        upstream.learn(blocked_until=exchange.received_at + wait)


def save(upstream: Upstream) -> None:
    """Write for all processes what was learnt, and nothing else of the row.

    Of each fact the last writer stands. What this one only read may be old by now: another
    process may have been blocked meanwhile.
    """
    if not upstream.learnt:
        return
    Upstream.objects.bulk_create(
        [upstream],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=sorted(upstream.learnt),
    )
    upstream.learnt = frozenset()


def cal_now(now: datetime) -> datetime:
    """The moment on cal.com's clock. Every page and poll asks this, so it reads nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_offset_ms FROM dashboard_upstream WHERE id = %s", [ROW])
        row = cursor.fetchone()
    return now + timedelta(milliseconds=row[0]) if row else now


def _learn_clock(upstream: Upstream, exchange: Exchange) -> None:
    """Move the known offset only as far as this answer proves it wrong.

    ``Date`` is in whole seconds and was written between sending and receiving, so it bounds
    the offset from both sides; inside the bounds the old value is as good as any. The page of a
    proxy tells the proxy's clock; what cal.com answers itself has a number or the rate.
    """
    if exchange.server_date is None or not (exchange.request_id or exchange.rate):
        return
    lowest = exchange.server_date - exchange.received_at
    highest = exchange.server_date + timedelta(seconds=1) - exchange.sent_at
    offset = timedelta(milliseconds=upstream.clock_offset_ms)
    offset = max(lowest, min(highest, offset))
    upstream.learn(clock_offset_ms=round(offset / timedelta(milliseconds=1)))


def _learn_rate(upstream: Upstream, exchange: Exchange) -> None:
    if exchange.rate is None:
        return
    upstream.learn(
        rate_limit=exchange.rate.limit,
        rate_remaining=exchange.rate.remaining,
        rate_resets_at=exchange.received_at + timedelta(seconds=exchange.rate.resets_in),
    )
