"""Counts of reads, which no audit entry has."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.audit import call_totals
from dashboard.calcom import Exchange


@pytest.mark.django_db
def test_many_reads_take_a_statement_for_each_name_and_bucket() -> None:
    now = timezone.now()
    quick = Exchange("GET", "/v2/slots", now, now, 20, 200)
    slow, refused = replace(quick, milliseconds=9000), replace(quick, status=404)

    with CaptureQueriesContext(connection) as caught:
        call_totals.count_reads([slow, refused, *[quick] * 300])
    call_totals.count_reads([quick])

    assert len(caught) == 3
    counted = call_totals.ReadCount.objects.order_by("name", "bucket")
    assert list(counted.values_list("name", "number", "milliseconds")) == [
        ("GET /v2/slots|ok", 301, 6020),
        ("GET /v2/slots|ok", 1, 9000),
        ("GET /v2/slots|refused", 1, 20),
    ]
