"""Offers of several times for one client: who may start them, how many, and their log."""

from datetime import timedelta

import pytest

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.holds import offers
from dashboard.holds.models import Hold, Offer
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.concurrency import at_once
from tests.holds.crash import CrashError, crash
from tests.holds.offers import offered, start_offer
from tests.holds.verbs import MONDAY
from tests.pages.desk import desk

WEEK = timedelta(weeks=1)


def test_only_who_may_act_on_a_hold_starts_its_offer(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold = verbs.place(staff)

    with pytest.raises(HoldError) as refused:
        start_offer(colleague, hold)

    assert refused.value.status == 403
    assert not Offer.objects.exists()
    start_offer(staff, hold)
    with pytest.raises(HoldError):  # nor are they told of one that has begun
        start_offer(colleague, hold)
    entry = AuditEntry.objects.filter(action="offer").earliest("id")
    assert (entry.outcome, entry.actor, entry.error_code) == ("refused", colleague, "not_yours")
    assert "tried to begin" in desk(admin).get("/audit/?action=offer").content.decode()


def test_start_of_an_offer_is_logged_once(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = verbs.place(staff)

    offer = start_offer(staff, hold)
    assert start_offer(staff, hold) == offer

    [entry] = AuditEntry.objects.filter(action="offer")
    assert (entry.kind, entry.outcome, entry.actor, entry.hold) == ("event", "ok", staff, hold)
    assert entry.after == entry.before | {"offer": offer.pk}
    assert (entry.address, entry.request_id) == ("192.0.2.7", "r1")
    timeline = desk(staff).get(f"/holds/{hold.pk}/").content.decode()
    assert "began an offer with it" in timeline
    log = desk(admin).get("/audit/?action=offer").content.decode()
    assert "began an offer with" in log
    page = " ".join(desk(admin).get(f"/audit/{entry.pk}/").content.decode().split())
    assert "number of the offer" in page


@pytest.mark.django_db(transaction=True)
def test_concurrent_starts_make_and_log_one_offer(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)

    ends = at_once(*[lambda: start_offer(staff, hold)] * 2)

    assert ends == [Offer.objects.get()] * 2
    assert AuditEntry.objects.filter(action="offer").count() == 1


def test_start_that_cannot_be_logged_is_undone(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = verbs.place(staff)

    monkeypatch.setattr(trail, "event", crash)
    with pytest.raises(CrashError):
        start_offer(staff, hold)

    assert Hold.objects.get().offer is None


@pytest.mark.django_db(transaction=True)
def test_last_time_of_an_offer_is_placed_once(calcom: Sandbox, staff: User, admin: User) -> None:
    offer, _holds = offered(staff, offers.MOST_TIMES - 1)

    ends = at_once(
        lambda: verbs.place(staff, start=MONDAY + WEEK, offer=offer),
        lambda: verbs.place(admin, start=MONDAY + 2 * WEEK, offer=offer),
    )

    assert sorted(getattr(end, "cause", "placed") for end in ends) == ["offer_is_full", "placed"]
    assert offers.open_holds_of(offer).count() == offers.MOST_TIMES
