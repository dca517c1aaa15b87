"""Forget what a process keeps in memory for up to a minute, or keep it for a whole test."""

import pytest

from dashboard.audit import formatting
from dashboard.pages import board, calendar_labels

SECONDS = (
    (calendar_labels, "KEPT"),
    (calendar_labels, "KEPT_UNREAD"),
    (board, "FINDINGS_KEPT"),
    (formatting, "TITLE_KEPT"),
)


def forget_kept() -> None:
    """Let pages and log read anew: calendars, actions without an outcome, titles."""
    for kept in (calendar_labels.labels, board.findings_in, formatting.latest_known):
        kept.cache_clear()


def keep_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be read anew because time passed, for tests that count queries."""
    for module, name in SECONDS:
        monkeypatch.setattr(module, name, 10**9)
