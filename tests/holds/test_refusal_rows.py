"""Rows of the message table that need more than their name."""

from __future__ import annotations

import pytest

from dashboard.accounts.models import User
from dashboard.holds import messages
from tests.holds.test_refusals import EXPECTED, hold


@pytest.mark.parametrize("cause", ["not_sent", "key_rejected"])
def test_other_causes_of_a_loss_share_a_text(staff: User, cause: str) -> None:
    happened = messages.lost(hold(staff), cause).happened
    assert happened == EXPECTED["lost"][2]


def test_row_without_safety_requires_it(staff: User) -> None:
    with pytest.raises(ValueError, match="say whether the hold is safe"):
        messages.refusal("retake_needed", hold=hold(staff))
