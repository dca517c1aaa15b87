"""A defect in the middle of a verb. It stands alone: reports show the lines around it."""

from __future__ import annotations


class CrashError(Exception):
    """Nobody handles this."""


def crash(*_args: object, **_more: object) -> None:
    raise CrashError("in the middle of a verb")
