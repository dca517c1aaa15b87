"""Tests wait for midnight, so that none passes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.waiting import let_midnight_pass

MIDNIGHT = datetime(2027, 1, 11, 23, tzinfo=UTC)  # at the office


@pytest.mark.parametrize(
    ("seconds", "is_late"), [(-3600, False), (-31, False), (-29, True), (-1, True), (0, False)]
)
def test_a_test_that_is_late_in_the_day_begins_on_the_next(
    seconds: int, is_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = MIDNIGHT + timedelta(seconds=seconds)
    moments = [began, began, *[MIDNIGHT - timedelta(seconds=1), MIDNIGHT] * is_late]
    monkeypatch.setattr(timezone, "now", lambda: moments.pop(0))
    let_midnight_pass()
    assert moments == []
