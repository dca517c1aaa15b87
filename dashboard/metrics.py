"""Metrics for Prometheus at ``/metrics``, read from the database at each scrape.

All processes and machines share the database, so any of them answers for all.
https://prometheus.io/docs/instrumenting/writing_exporters/
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric

from dashboard.audit import call_totals
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state import rate_and_clock
from dashboard.edge import database
from dashboard.edge.arrival import FORWARDED
from dashboard.edge.health import plain
from dashboard.edge.middleware import EdgeRequest, Handler, middleware
from dashboard.holds.models import Hold, begun_at

PATH = "/metrics"
INTENTS_SINCE = timedelta(days=1)


@middleware
def scrapes(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Answer METRICS_ALLOWED before host checks; what a proxy passes on is any other page."""
    if request.path_info != PATH or is_proxied(request):
        return get_response(request)
    peer = request.META.get("REMOTE_ADDR", "")
    if not settings.METRICS_ALLOWED.trust(peer):
        return plain(f"METRICS_ALLOWED does not name {peer or 'unix'}.\n", status=403)
    return metrics(timezone.now())


def is_proxied(request: HttpRequest) -> bool:
    """Return True for a request that a proxy passed on, also by one that sets no header.

    Such a proxy may share its address with Prometheus, but not the name that it is asked for.
    """
    public = settings.PUBLIC_ADDRESS
    host = request.META.get("HTTP_HOST", "").lower()
    is_by_name = not public.is_loopback and public.host in (host, host.rpartition(":")[0])
    return is_by_name or any(request.META.get(name) for name in (*FORWARDED, "HTTP_VIA"))


def metrics(now: datetime) -> HttpResponse:
    """Return all metrics as text; 503 if the database cannot be read."""
    try:
        text = generate_latest(Collector(now))
    except DatabaseError as exc:
        return plain(f"{database.error_text(exc)}\n", status=503)
    return plain(text, content_type=CONTENT_TYPE_LATEST)


class Collector:
    """Read every metric anew; nothing is kept in the process."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        is_writable = not database.write_refusal(connection)
        yield gauge("database_writable", "1 if the database takes writes", is_writable)
        yield from self.holds()
        yield from self.calcom()
        yield from self.calls(is_writable=is_writable)

    def holds(self) -> Iterator[Metric]:
        cal_now = rate_and_clock.cal_now(self.now)
        rows = (
            Hold.objects.filter(state__in=Hold.OPEN)
            .values_list("state")
            .annotate(total=Count("pk"), live=Count("pk", filter=Q(held_until__gt=cal_now)))
        )
        by_state = {state: (total, live) for state, total, live in rows}
        family = GaugeMetricFamily("holdfast_holds", "Holds that have not ended", labels=["state"])
        for state in Hold.OPEN:
            family.add_metric([str(state)], by_state.get(state, (0, 0))[0])
        yield family
        held = by_state.get(str(Hold.State.HELD), (0, 0))
        yield gauge("holds_live", "Holds whose time cal.com keeps at this moment", held[1])
        oldest = Hold.objects.left_half_way(self.now).aggregate(at=Min(begun_at()))["at"]
        age = max(0.0, (self.now - oldest).total_seconds()) if oldest else 0
        text = "Age of the oldest change that is not settled"
        yield gauge("oldest_unsettled_change_seconds", text, age)
        recent = AuditEntry.objects.filter(at__gte=self.now - INTENTS_SINCE)
        text = "Actions of the last day without an outcome"
        yield gauge("open_intents", text, recent.without_outcome().order_by().count())

    def calcom(self) -> Iterator[Metric]:
        upstream = rate_and_clock.load()
        room = upstream.room(self.now)
        if room is not None:
            yield gauge("calcom_rate_left", "Calls that cal.com's rate allowance covers", room)
        if upstream.answered_at is not None:
            age = (upstream.cal_at(self.now) - upstream.answered_at).total_seconds()
            text = "Time since the last answer of cal.com"
            yield gauge("calcom_last_answer_seconds", text, max(0.0, age))
        offset = upstream.clock_offset_ms / 1000
        yield gauge("calcom_clock_offset_seconds", "cal.com's clock less this one", offset)

    def calls(self, *, is_writable: bool) -> Iterator[Metric]:
        totals = call_totals.all_totals(self.now, is_writable=is_writable)
        names = ["endpoint", "outcome"]
        text = "Calls to cal.com since counting began"
        calls = CounterMetricFamily("holdfast_calcom_calls", text, labels=names)
        text = "Duration of calls to cal.com"
        lasted = HistogramMetricFamily("holdfast_calcom_call_seconds", text, labels=names)
        bounds = [*(str(bound / 1000) for bound in call_totals.BUCKETS), "+Inf"]
        for key, (number, milliseconds, buckets) in sorted(totals.items()):
            labels = key.split("|")
            calls.add_metric(labels, number)
            cumulative = list(zip(bounds, accumulate(buckets), strict=True))
            lasted.add_metric(labels, cumulative, milliseconds / 1000)
        yield calls
        yield lasted


def gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"holdfast_{name}", text, value=value)
