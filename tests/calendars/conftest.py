"""Calendars against a sandbox for each test."""

from tests.holds.conftest import calcom, sandbox

__all__ = ["calcom", "sandbox"]
