"""Make offers of several times, and keep one of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import offer_decision
from dashboard.holds.models import Hold, Offer
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.verbs import MONDAY
from tests.pages.desk import desk

HTMX = {"HX-Request": "true"}
HEADERS = pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])


def start_offer(user: User, hold: Hold) -> Offer:
    return offer_decision.start_offer(hold_id=hold.pk, by=acting(user), now=timezone.now())


def offered(user: User, count: int = 3) -> tuple[int, list[Hold]]:
    """Make an offer of so many times, two hours apart; return its id and holds."""
    first = verbs.place(user)
    offer = start_offer(user, first)
    more = [
        verbs.place(user, start=MONDAY + timedelta(hours=2 * n), offer=offer.pk)
        for n in range(1, count)
    ]
    return offer.pk, [first, *more]


def keep(user: User, offer: int, hold: Hold, **more: Any) -> offer_decision.Decision:
    return offer_decision.keep_one(
        offer_id=offer, hold_id=hold.pk, by=acting(user), now=timezone.now(), **more
    )


def send(user: User, offer: int, hold: Hold, *, headers: Any = None, **form: Any) -> HttpResponse:
    """Keep a hold through its form."""
    return desk(user).post(f"/offers/{offer}/keep", {"hold": hold.pk, **form}, headers=headers)


def assert_unchanged(calcom: Sandbox, holds: list[Hold]) -> None:
    assert states(*holds) == ["held"] * len(holds)
    assert at_cal_com(calcom) == in_register(*holds)
    assert calcom.calls("DELETE") == []
