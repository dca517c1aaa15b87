"""Forget what a process keeps in memory for up to a minute, which no other test may meet."""

from dashboard.audit import formatting
from dashboard.pages import board, calendar_labels


def forget_kept() -> None:
    """Let pages and log read anew: calendars, actions without an outcome, titles."""
    for kept in (calendar_labels.labels, board.findings_in, formatting.latest_known):
        kept.cache_clear()
