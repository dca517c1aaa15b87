"""Who may make a hold one of an offer, and what the log tells of it."""

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.holds import offers
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.concurrency import at_once
from tests.holds.defect import CrashError
from tests.holds.desk import desk


def test_a_colleagues_offer_is_told_to_its_people_only(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = cast.place(staff)
    offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    with pytest.raises(HoldError) as refused:
        offers.start(hold_id=hold.pk, by=cast.acting(colleague), now=timezone.now())

    assert refused.value.status == 403


def test_who_began_an_offer_is_in_the_log(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = cast.place(staff)

    offer = offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())
    offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())  # it is one already

    [entry] = AuditEntry.objects.filter(action="offer")
    assert (entry.kind, entry.outcome, entry.actor, entry.hold) == ("event", "ok", staff, hold)
    assert entry.after == entry.before | {"offer": offer.pk}
    assert (entry.address, entry.request_id) == ("192.0.2.7", "r1")
    story = desk(staff).get(f"/holds/{hold.pk}/").content.decode()
    assert "made it the first of an offer" in story
    log = desk(admin).get("/audit/?action=offer").content.decode()
    assert "the first of an offer" in log
    page = " ".join(desk(admin).get(f"/audit/{entry.pk}/").content.decode().split())
    assert "number of the offer" in page


def test_a_refused_offer_is_in_the_log_too(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold = cast.place(staff)

    with pytest.raises(HoldError):
        offers.start(hold_id=hold.pk, by=cast.acting(colleague), now=timezone.now())

    [entry] = AuditEntry.objects.filter(action="offer")
    assert (entry.outcome, entry.actor, entry.error_code) == ("refused", colleague, "not_yours")
    log = desk(admin).get("/audit/?action=offer").content.decode()
    assert "tried to make" in log


@pytest.mark.django_db(transaction=True)
def test_of_two_who_begin_it_at_once_one_is_in_the_log(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff)
    begin = [lambda: offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())] * 2

    at_once(*begin)

    assert AuditEntry.objects.filter(action="offer").count() == 1


def test_an_offer_that_could_not_be_written_down_was_not_begun(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = cast.place(staff)

    def fail(**_said: object) -> None:
        raise CrashError

    monkeypatch.setattr(trail, "event", fail)
    with pytest.raises(CrashError):
        offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert Hold.objects.get().offer is None
