"""What the log keeps of a refusal: the same words for all who read it later.

Whoever is refused is told in their own language and zone; the log has one of each, the office's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.conf import settings
from django.utils import timezone, translation

from dashboard.holds import local_times
from dashboard.holds.problems import HoldError

P = ParamSpec("P")


def in_the_log_too(make: Callable[P, HoldError]) -> Callable[P, HoldError]:
    """Let a function that words an error also word what the log keeps of it."""

    @wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> HoldError:
        error = make(*args, **kwargs)
        with translation.override(settings.LANGUAGE_CODE), timezone.override(local_times.office()):
            error.logged = make(*args, **kwargs).problem.happened
        return error

    return made
