"""Clock, rate allowance and habits of cal.com, kept in one row for all processes."""

import logging
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection

from dashboard.audit import call_totals
from dashboard.calcom import Answer, CalcomError, Cause, Exchange, endpoints
from dashboard.calcom_state import calcom_client, clock
from dashboard.calcom_state.models import Upstream

log = logging.getLogger(__name__)
ROW = 1  # primary key
NO_MACHINE = "none"  # in place of a boot id: the offset is not trusted
CLOCK_SQL = (
    "SELECT clock_offset_ms, clock_base_ms, clock_boot_id FROM dashboard_upstream WHERE id = %s"
)

# After an extension in place met the self-overlap 422, cal.com is expected to answer so again:
# https://github.com/calcom/cal.diy/pull/28993
SELF_OVERLAP_IS_BELIEVED = timedelta(hours=1)

# By more than so much the right clocks of two machines do not differ.
MOST_APART = timedelta(seconds=2)
MILLISECOND = timedelta(milliseconds=1)

# Seconds to wait after a 429 without Retry-After; a block at cal.com lasts a minute.
DEFAULT_WAIT = 60

# Calls of the allowance that background work and bulk checks leave for other requests, if it has
# twice as many: see ``Upstream.seconds_to_wait``.
KEPT_FOR_PEOPLE = 20

ASK_PAUSE = 10  # seconds after a question for cal.com's time that brought none
_ask_again_at: dict[str, float] = {}  # by source, of clock.ticks
HANG_PAUSE = 5  # seconds after a call that hung, in which pages of this process begin no read
_read_again_at: dict[str, float] = {}  # the same


def load() -> Upstream:
    """Return the stored row, or an unsaved one.

    What another key or address was told is forgotten with the next save. Its clock may have been
    another, too: the offset is not trusted until cal.com answers. Plain SQL, because every verb
    calls it.
    """
    rows = Upstream.objects.raw("SELECT * FROM dashboard_upstream WHERE id = %s", [ROW])
    upstream = next(iter(rows), None) or Upstream(pk=ROW)
    if upstream.source != calcom_client.source_digest():
        if upstream.source:
            upstream.learn(clock_boot_id=NO_MACHINE, clock_base_ms=None, answered_at=None)
        upstream.learn(
            source=calcom_client.source_digest(),
            rate_limit=None,
            rate_remaining=None,
            rate_resets_at=None,
            blocked_until=None,
            self_overlap_until=None,
        )
    keep_to_own_clock(upstream)
    return upstream


def keep_to_own_clock(upstream: Upstream) -> None:
    """Count by the offset that this process has learnt where another machine's is stored.

    Their clocks may differ: by the other's offset, holds would end at other moments here.
    """
    if upstream.clock_boot_id in ("", clock.boot_id()):
        return
    if (own := clock.own_offset(upstream.source)) is None:
        return
    if abs(own[0] - upstream.clock_offset_ms) > MOST_APART / MILLISECOND:
        warn_of_other_clock(upstream.clock_boot_id)
    upstream.clock_offset_ms, upstream.clock_base_ms = own
    upstream.clock_boot_id = clock.boot_id()


def load_confirmed() -> Upstream:
    """Return the stored row, after asking cal.com for its time where the local clock was set.

    A question in vain is not repeated at once: each of many verbs would wait for it.
    """
    upstream = load()
    if is_trusted(upstream) or clock.ticks() < _ask_again_at.get(upstream.source, 0):
        return upstream
    ask(upstream)
    save(upstream)
    if not is_trusted(upstream):
        _ask_again_at[upstream.source] = clock.ticks() + ASK_PAUSE
    return upstream


def is_trusted(upstream: Upstream) -> bool:
    """Return whether the local clock was not set since cal.com's ``Date`` confirmed the offset.

    Where another machine learnt the offset, or this one before it was started anew, this process
    can tell only of the time since cal.com answered it first.
    """
    is_ours = upstream.clock_boot_id == clock.boot_id()
    if upstream.clock_boot_id and not is_ours and not clock.is_confirmed():
        return False
    return not clock.has_stepped_since(upstream.clock_base_ms if is_ours else None)


def proven_cal_now(upstream: Upstream, now: datetime) -> datetime:
    """Return a moment that cal.com's clock has certainly reached."""
    if is_trusted(upstream):
        return upstream.cal_at(now)
    return upstream.answered_at or clock.LONG_AGO


def proven_local_now(now: datetime) -> datetime:
    """Return the present moment, or an earlier one where cal.com has not shown one so late."""
    upstream = load()
    return now if upstream.answered_at is None else min(now, proven_cal_now(upstream, now))


def lock() -> None:
    """Lock the row until the caller's transaction ends, so that only one counts on the allowance.

    Lock rows of holds first: the end of a verb writes in this order. SQLite has no row locks;
    there the transaction already has the database to itself.
    """
    Upstream.objects.select_for_update().filter(pk=ROW).first()


def learn(
    upstream: Upstream, answer: Answer[Any] | CalcomError, *, learns_clock: bool = True
) -> None:
    """Set on ``upstream`` what an answer shows, without saving it."""
    if learns_clock:
        learn_clock(upstream, answer.exchange)
    learn_rate(upstream, answer)
    learn_hang(upstream, answer)


def hangs() -> bool:
    """Return whether cal.com has just left a call without an answer: the next would get none."""
    return clock.ticks() < _read_again_at.get(calcom_client.source_digest(), 0)


def learn_hang(upstream: Upstream, answer: Answer[Any] | CalcomError) -> None:
    """Remember a call that hung, until any answer."""
    is_unanswered = isinstance(answer, CalcomError) and answer.cause is Cause.UNANSWERED
    if is_unanswered and answer.exchange.milliseconds > calcom_client.SILENT:
        _read_again_at[upstream.source] = clock.ticks() + HANG_PAUSE
    elif not is_unanswered and answer.exchange.status is not None:
        _read_again_at.pop(upstream.source, None)


def learn_rate(upstream: Upstream, answer: Answer[Any] | CalcomError) -> None:
    """Set how much room an answer leaves for others."""
    exchange = answer.exchange
    if exchange.rate is not None:
        upstream.learn(
            rate_limit=exchange.rate.limit,
            rate_remaining=exchange.rate.remaining,
            rate_resets_at=exchange.received_at + timedelta(seconds=exchange.rate.resets_in),
        )
    if isinstance(answer, CalcomError) and answer.cause is Cause.RATE_LIMITED:
        wait = timedelta(seconds=answer.retry_after or DEFAULT_WAIT)
        upstream.learn(blocked_until=exchange.received_at + wait)


def learn_clock(upstream: Upstream, exchange: Exchange) -> None:
    """Move the clock offset only as far as this response proves it wrong.

    ``Date`` is in whole seconds and was written between sending and receiving, so it gives a lower
    and an upper bound, and a moment at which cal.com did answer. An error page of a proxy shows the
    proxy's clock; responses of cal.com itself have a request id or rate headers.
    """
    if exchange.server_date is None or not is_from_cal_com(exchange):
        return
    sent_at, lasted = exchange.sent_at, timedelta(milliseconds=exchange.milliseconds)
    if abs(exchange.received_at - sent_at - lasted) > timedelta(seconds=1):
        sent_at = exchange.received_at - lasted  # the local clock was set during the call
    lowest = exchange.server_date - exchange.received_at
    highest = exchange.server_date + timedelta(seconds=1) - sent_at
    stored = timedelta(milliseconds=upstream.clock_offset_ms)
    offset = max(lowest, min(highest, stored))
    if not is_trusted(upstream):  # moments on the former local clock mean nothing
        offset = lowest
        upstream.learn(blocked_until=None, rate_resets_at=None, self_overlap_until=None)
    offset_ms = round(offset / MILLISECOND)
    clock.confirm(upstream.source, offset_ms)
    upstream.learn(
        clock_base_ms=clock.base_ms(),
        clock_boot_id=clock.boot_id(),
        clock_offset_ms=offset_ms,
        answered_at=max(exchange.server_date, sent_at + offset),
    )


@cache  # so that each machine is told of once
def warn_of_other_clock(_boot_id: str) -> None:
    log.warning(
        "this machine's clock and another's differ by more than 2 s, so holds seem to end too soon"
        " or too late: run a time service on each"
    )


def is_from_cal_com(exchange: Exchange) -> bool:
    """Return whether cal.com answered, and not a proxy before it.

    Proxies give their own error pages, such as 504, a request id too. cal.com's own is 500.
    """
    has_id = bool(exchange.request_id) and (exchange.status or 0) <= 500
    return has_id or exchange.rate is not None


def ask(upstream: Upstream, *, learns_clock: bool = True) -> bool:
    """Return whether cal.com answers a call that changes nothing, and learn its time.

    Any event type will do, as a refusal is an answer too. Nothing is saved. An action whose clock
    differs from the local one by now learns no time.
    """
    answer = calcom_client.client().answer_to(endpoints.event_type(event_type_id=1))
    learn(upstream, answer, learns_clock=learns_clock)
    upstream.reads += (answer.exchange,)
    return is_from_cal_com(answer.exchange)


def save(upstream: Upstream) -> None:
    """Write only the fields that were learnt, and count the reads for ``/metrics``.

    The others may be outdated here: another process may have been blocked meanwhile.
    """
    call_totals.count_reads(upstream.reads)
    upstream.reads = ()
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
    """Return the time on cal.com's clock. Plain SQL, because every page and poll calls it."""
    with connection.cursor() as cursor:
        cursor.execute(CLOCK_SQL, [ROW])
        row = cursor.fetchone()
    return shown_by_calcom(now, *row) if row else now


def shown_by_calcom(now: datetime, offset: int, base: int | None, boot: str) -> datetime:
    """Return the moment on cal.com's clock, by what CLOCK_SQL reads and the local one just now.

    Where that was set since, and cal.com has not told its time yet, the ticks tell. Of another
    machine's offset see ``keep_to_own_clock``.
    """
    if boot not in ("", clock.boot_id()):
        own = clock.own_offset(calcom_client.source_digest())
        offset, base, boot = (*own, clock.boot_id()) if own else (offset, base, boot)
    return now + timedelta(milliseconds=offset - clock.set_by_ms(base, boot))
