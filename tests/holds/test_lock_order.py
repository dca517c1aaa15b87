"""Rows of several holds are locked in one order, so that PostgreSQL finds no deadlock.

SQLite has one writer at a time.
"""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import call_totals, saved_searches
from dashboard.audit.saved_searches import SavedSearch
from dashboard.calcom import Exchange
from dashboard.calcom_state import rate_and_clock
from dashboard.holds import erasure
from dashboard.holds.client_change import change_client
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting, make_hold
from tests.holds.concurrency import stopped_after
from tests.holds.offers import offered

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ADA = {"client_name": "Ada King", "client_contact": "0171"}
ZED = {"client_name": "Zed Zabel", "client_contact": "0999"}


def given_to(hold: Hold, by: User, **client: str) -> None:
    change_client(hold_id=hold.pk, by=acting(by), note="", now=timezone.now(), **client)


def erase(hold: Hold, by: User) -> Any:
    return erasure.erase(hold_id=hold.pk, by=acting(by), now=timezone.now())


def test_two_erasures_of_each_others_former_clients(staff: User, admin: User) -> None:
    if connection.vendor != "postgresql":
        return
    one = make_hold(staff, reservation_uid="one", **ZED)
    two = make_hold(staff, reservation_uid="two", **ADA)
    given_to(one, staff, **ADA)
    given_to(two, staff, **ZED)
    Hold.objects.update(state=Hold.State.EXPIRED)

    with stopped_after("FOR NO KEY UPDATE", lambda: erase(two, admin)):
        assert erase(one, admin) == [one.pk]

    rows = Hold.objects.values_list("client_name", "former_clients").order_by("pk")
    assert list(rows) == [("", ""), ("", "")]


def test_erasures_that_delete_the_same_searches(staff: User, admin: User) -> None:
    if connection.vendor != "postgresql":
        return
    one = make_hold(staff, reservation_uid="one", client_name="Ada King")
    two = make_hold(staff, reservation_uid="two", client_name="Zed Zabel")
    given_to(one, staff, **(ZED | {"client_contact": ""}))
    given_to(two, staff, **(ADA | {"client_contact": ""}))
    Hold.objects.update(state=Hold.State.EXPIRED)
    for name in ("about Ada", "about Zed"):
        saved_searches.save(owner=admin.pk, name=name, query="")

    with stopped_after(
        'FROM "dashboard_savedsearch" WHERE "dashboard_savedsearch"."id" IN',
        lambda: erase(one, admin),
    ):
        erase(two, admin)

    assert SavedSearch.objects.count() == 0


def test_erasure_while_the_client_of_an_offer_is_changed(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    if connection.vendor != "postgresql":
        return
    _offer, (first, second) = offered(staff, 2)
    former = {"client_name": first.client_name, "client_contact": first.client_contact}
    gone = make_hold(staff, state=Hold.State.EXPIRED, reservation_uid="gone", **former)
    given_to(first, staff, **ZED)

    with stopped_after('UPDATE "dashboard_hold"', lambda: given_to(second, staff, **ADA)):
        assert erase(gone, admin) == [first.pk, second.pk, gone.pk]

    names = Hold.objects.exclude(pk=gone.pk).values_list("client_name", flat=True)
    assert list(names) == [ADA["client_name"]] * 2


def count_reads(*reads: Exchange) -> None:
    upstream = rate_and_clock.load()
    upstream.reads = reads
    with transaction.atomic():
        rate_and_clock.save(upstream)


def test_pages_that_count_their_calls_at_once(db: None) -> None:
    if connection.vendor != "postgresql":
        return
    now = timezone.now()
    quick = Exchange("GET", "/v2/slots", now, now, 20, 200)
    slow = replace(quick, milliseconds=9000)

    with stopped_after("dashboard_readcount", lambda: count_reads(quick, slow)):
        count_reads(slow, quick)

    counted = call_totals.ReadCount.objects.order_by("bucket").values_list("number", "milliseconds")
    assert list(counted) == [(2, 40), (2, 18_000)]
