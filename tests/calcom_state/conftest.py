"""The cal.com of ``tests.holds`` for each test."""

from tests.holds.conftest import calcom, our_clock, sandbox

__all__ = ["calcom", "our_clock", "sandbox"]
