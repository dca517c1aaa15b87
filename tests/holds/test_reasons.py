"""The log has words for every reason that staff can give."""

from dashboard.audit import words
from dashboard.holds import deciding, services, taking_over


def test_every_code_of_a_reason_has_words_in_the_log() -> None:
    codes = {*services.RELEASE_REASONS, *taking_over.REASONS, deciding.REASON}
    assert set(words.REASONS) == codes


def test_a_code_from_long_ago_is_told_as_it_stands() -> None:
    assert words.reason("some_older_code") == "some older code"
