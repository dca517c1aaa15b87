"""Rows of the message table that need more than their name."""

from __future__ import annotations

import pytest

from dashboard.accounts.models import User
from dashboard.calcom import Cause
from dashboard.holds import messages
from dashboard.holds.message_table import CALLS
from tests.holds.test_refusals import EXPECTED, hold


@pytest.mark.parametrize("cause", ["not_sent", "key_rejected"])
def test_other_causes_of_a_loss_share_a_text(staff: User, cause: str) -> None:
    happened = messages.lost(hold(staff), cause).happened
    assert happened == EXPECTED["lost"][2]


def test_row_without_safety_requires_it(staff: User) -> None:
    with pytest.raises(ValueError, match="say whether the hold is safe"):
        messages.refusal("retake_needed", hold=hold(staff))


def test_free_times_refer_to_nothing_that_their_page_lacks() -> None:
    told = {cause: messages.free_times(cause)[1:] for cause in CALLS}
    retry = "Try again in a moment, or enter the time manually."
    assert {cause: told[cause] for cause in (Cause.INVALID, Cause.OTHER_REFUSAL)} == {
        Cause.INVALID: (retry, False),  # no field is highlighted
        Cause.OTHER_REFUSAL: (retry, False),  # no details are below
    }
    assert told[Cause.SERVER_FAULT] == (retry, True)
    assert told[Cause.UNKNOWN_EVENT_TYPE] == (
        "Check the number, or choose another event type.",
        False,
    )
