"""The log has words for every reason that staff can give."""

from dashboard.audit import action_labels
from dashboard.holds import offer_decision, services, transfer


def test_every_code_of_a_reason_has_words_in_the_log() -> None:
    codes = {*services.RELEASE_REASONS, *transfer.REASONS, offer_decision.REASON}
    assert set(action_labels.REASONS) == codes


def test_a_code_from_long_ago_is_told_as_it_stands() -> None:
    assert action_labels.reason("some_older_code") == "some older code"
