"""Reasons in people's own words are found as long as a hold has them."""

import pytest
from django.utils import timezone

from dashboard.holds import register, transfer
from dashboard.holds.problems import HoldError
from tests.accounts.cast import acting
from tests.audit.searching import found
from tests.holds import verbs
from tests.holds.conftest import calcom, sandbox

__all__ = ["calcom", "sandbox"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PLACED = ("place", "staff")


def test_release(calcom, staff):
    hold = verbs.place(staff)
    verbs.release(staff, hold, reason="other", note="Moving to Zürich")
    for text in ("zurich", "moving zuerich"):
        assert found(text) == [("release", "staff"), PLACED]
        assert register.past(text, before=None, most=5) == [hold.pk]


def test_refused_release(calcom, staff):
    """Forget what was typed: the hold stays."""
    hold = verbs.place(staff)
    calcom.faults.add("429", method="DELETE", route=verbs.ONE, seconds=20)
    with pytest.raises(HoldError):
        verbs.release(staff, hold, note="Moving to Zürich")
    assert found("zurich") == []
    assert found("grace") == [("release", "staff"), PLACED]


def test_take_over(calcom, staff, admin):
    hold = verbs.place(staff)
    transfer.take_over(hold_id=hold.pk, by=acting(admin), note="ill in bed", now=timezone.now())
    assert found("ill in bed") == [("take_over", "admin"), PLACED]
