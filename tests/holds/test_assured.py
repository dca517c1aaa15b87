"""Offer a sentence for the client only while cal.com is known to keep the time."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from tests.holds import factories

CLAIM = {"claim_id": uuid.uuid4(), "claim_verb": "release"}


@pytest.mark.parametrize(
    ("fields", "is_assured"),
    [
        ({}, True),
        ({"seconds": 0}, False),
        ({"state": Hold.State.UNCONFIRMED}, False),
        ({"state": Hold.State.PLACING}, False),
        ({"state": Hold.State.EXPIRED}, False),
        ({"change": {"phase": "parking"}}, False),
        (CLAIM | {"claim_until": timezone.now() + timedelta(seconds=30)}, False),
        (CLAIM | {"claim_until": timezone.now() - timedelta(hours=1)}, False),
    ],
)
def test_hold_is_assured_only_while_held_and_at_rest(
    staff: User, fields: dict[str, Any], *, is_assured: bool
) -> None:
    hold = factories.put(staff, **fields)

    assert hold.is_assured(timezone.now()) is is_assured
