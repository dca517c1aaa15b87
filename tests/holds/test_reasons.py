"""Labels in the log for every reason that staff can give."""

from dashboard.audit import action_labels
from dashboard.holds import offer_decision
from dashboard.pages.forms import RELEASE_REASONS, TAKE_OVER_REASONS


def test_every_reason_has_a_label() -> None:
    codes = {*dict(RELEASE_REASONS), *dict(TAKE_OVER_REASONS), offer_decision.REASON} - {""}
    assert set(action_labels.REASONS) == codes


def test_removed_reason_is_shown_as_its_code() -> None:
    assert action_labels.reason_label("some_older_code") == "some older code"
