"""Rows of the message table that need more than their name."""

import pytest
from django.utils import translation

from dashboard.accounts.models import User
from dashboard.calcom import Cause
from dashboard.holds import messages
from dashboard.holds.message_table import CALLS
from dashboard.localization import stored_texts
from tests.holds.test_refusals import fixed_now, hold, refusals

__all__ = ["fixed_now"]


@pytest.mark.parametrize("cause", ["not_sent", "key_rejected"])
def test_other_causes_of_a_loss_share_a_text(staff: User, cause: str) -> None:
    happened = messages.lost(hold(staff), cause).happened
    assert happened == "The hold is lost: it was released to be taken again, and cal.com refused."


def test_stored_texts_read_as_if_they_were_made_in_german(staff: User) -> None:
    stored = {row: error.logged for row, error in refusals(staff).items() if row != "our_rule"}
    with translation.override("de"):
        made = {
            row: [*error.fields.values(), error.happened] for row, error in refusals(staff).items()
        }
        read = {row: stored_texts.translated(text) for row, text in stored.items()}
    assert read == {row: made[row][0] for row in stored}
    assert read.items().isdisjoint(stored.items())


def test_row_without_safety_requires_it(staff: User) -> None:
    with pytest.raises(ValueError, match="say whether the hold is safe"):
        messages.refusal("retake_needed", hold=hold(staff))


def test_cause_that_another_release_has_stored_is_told_as_no_answer() -> None:
    assert messages.not_fresh("of_another_release") == messages.not_fresh(Cause.UNANSWERED)


def test_free_times_refer_to_nothing_that_their_page_lacks() -> None:
    told = {cause: messages.not_fresh(cause)[1:] for cause in CALLS}
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
