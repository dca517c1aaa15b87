"""What every page may ask about the office."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import local_times, rate_and_clock
from dashboard.pages import rows, warnings
from dashboard.pages.rows import Viewer

Answer = TypeVar("Answer")


def office(request: HttpRequest) -> dict[str, object]:
    """Both zones, the office's policy, and the moment on cal.com's clock for who is signed in."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    return {
        "zone_name": local_times.zone_name(),
        "office_zone": settings.OFFICE_TIME_ZONE,
        "now_iso": _once(lambda: rows.iso(rate_and_clock.cal_now(timezone.now()))),
        "bar": _once(lambda: warnings.bar(Viewer.of(user, timezone.now()))),
        "hold_minutes": settings.HOLD_MINUTES,
        "hold_minutes_max": settings.HOLD_MINUTES_MAX,
    }


def _once(ask: Callable[[], Answer]) -> Callable[[], Answer]:
    """Asked only by pages that show it, and once in each."""
    kept: list[Answer] = []

    def answer() -> Answer:
        if not kept:
            kept.append(ask())
        return kept[0]

    return answer
