"""Raise an unexpected error in the middle of a verb.

In a module of its own, because error reports show the lines around it.
"""


class CrashError(Exception):
    """Nothing handles this error."""


class KilledError(BaseException):
    """End a verb as the end of its process does: no ``except Exception`` runs."""


def crash(*_args: object, **_more: object) -> None:
    raise CrashError("in the middle of a verb")


def die(*_args: object, **_more: object) -> None:
    raise KilledError
