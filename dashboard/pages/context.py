"""Give every template both time zones, cal.com's clock and the warnings bar."""

from datetime import timedelta
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.localization import local_times, time_zones
from dashboard.pages import warnings
from dashboard.pages.viewers import last_register


def office(request: HttpRequest) -> dict[str, object]:
    """Return the context of pages for a signed-in person; {} for any other.

    ``now_iso`` is cal.com's clock. It and ``bar`` are made only on pages that show them, once.
    """
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    read = cache(lambda: last_register(user))
    offset = timezone.localtime().utcoffset() or timedelta()
    return {
        "zone_name": local_times.zone_name(),
        "clock_zone": str(local_times.zone()),
        # In seconds. Django's {% now "Z" %} is empty in the hour that clocks show twice.
        "clock_offset": str(round(offset.total_seconds())),
        "office_zone": time_zones.display_name(settings.OFFICE_TIME_ZONE),
        "now_iso": cache(lambda: local_times.iso(read().cal_now)),
        "bar": cache(lambda: warnings.WarningBar(read())),
    }
