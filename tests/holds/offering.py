"""Offers of several times, and what is done with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import offer_decision, offers
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import MONDAY
from tests.holds.desk import desk

HTMX = {"HX-Request": "true"}
HEADERS = pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])


def offered(user: User, count: int = 3) -> tuple[int, list[Hold]]:
    """An offer of so many times, two hours apart."""
    first = cast.place(user)
    offer = offers.start(hold_id=first.pk, by=cast.acting(user), now=timezone.now())
    more = [
        cast.place(user, start=MONDAY + timedelta(hours=2 * n), offer=offer.pk)
        for n in range(1, count)
    ]
    return offer.pk, [first, *more]


def keep(user: User, offer: int, hold: Hold, **more: Any) -> offer_decision.Decision:
    return offer_decision.keep(
        offer_id=offer, hold_id=hold.pk, by=cast.acting(user), now=timezone.now(), **more
    )


def send(user: User, offer: int, hold: Hold, *, headers: Any = None, **form: Any) -> HttpResponse:
    return desk(user).post(f"/offers/{offer}/keep", {"hold": hold.pk, **form}, headers=headers)


def states(holds: list[Hold]) -> list[str]:
    return [Hold.objects.get(pk=hold.pk).state for hold in holds]


def untouched(calcom: Sandbox, holds: list[Hold]) -> None:
    assert states(holds) == ["held"] * len(holds)
    assert cast.rows(calcom) == sorted(cast.register(hold) for hold in holds)
    assert calcom.calls("DELETE") == []
