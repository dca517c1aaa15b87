"""Hours of a search on the days when the clocks change."""

from datetime import UTC, datetime

import pytest

from dashboard.audit import trail
from dashboard.audit.term_values import TermError
from tests.audit.searching import found

pytestmark = pytest.mark.django_db


def test_hour_that_the_clocks_skip_is_explained(admins_browser):
    with pytest.raises(TermError, match="“2025-03-30T02:30” does not exist in Europe/Rome"):
        found("hour:2025-03-30T02:30")
    answer = admins_browser.get("/audit/", {"find": "hour:2025-03-30T02:30"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["find"])
    assert found("hour:2025-03-30T02:30+01:00") == found("hour:2025-03-30T03:30") == []


def test_hour_that_the_clocks_show_twice_is_both(immediate_links, staff):
    """From half past two on, at first in summer time, which ends at 1:00 in UTC."""
    for minutes in (29, 31, 89, 91, 149, 151):
        at = datetime(2025, 10, 26, minutes // 60, minutes % 60, tzinfo=UTC)
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=at)
    assert len(found("hour:2025-10-26T02:30")) == 4
    assert len(found("hour:2025-10-26T02:30+02:00")) == 2
    assert len(found("hour:2025-10-26T02:30+01:00")) == 2
