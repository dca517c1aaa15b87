"""Dates and times formatted in the zone and language of the person who reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def office() -> ZoneInfo:
    """Return the office's time zone, from OFFICE_TIME_ZONE."""
    return ZoneInfo(settings.OFFICE_TIME_ZONE)


def zone() -> tzinfo:
    """Return the person's own zone, or else the office's.

    This is Django's current zone, which ``accounts.middleware`` sets for each request.
    """
    return timezone.get_current_timezone()


def zone_name() -> str:
    """Return the IANA name of the current zone."""
    return timezone.get_current_timezone_name()


def office_midnight(local: date) -> datetime:
    """Return the start of a day in the office's zone, in UTC."""
    return datetime.combine(local, time(), office()).astimezone(UTC)


def midnight(local: date) -> datetime:
    """Return the start of a day in the current zone, in UTC."""
    return datetime.combine(local, time(), zone()).astimezone(UTC)


def clock(moment: datetime) -> str:
    """Format a time with seconds: 14:05:30."""
    return moment.astimezone(zone()).isoformat()[11:19]


def minute(moment: datetime) -> str:
    """Format a time: 14:05."""
    return moment.astimezone(zone()).isoformat()[11:16]


def is_doubled(moment: datetime) -> bool:
    """Return True for a local time that occurs twice because clocks go back."""
    local = moment.astimezone(zone())
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def typed(moment: datetime) -> str:
    """Format a form value: local ISO 8601, with its offset where the hour occurs twice."""
    local = moment.astimezone(zone())
    text = local.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")
    return text if is_doubled(moment) else text[: -len("+00:00")]


def local_date(moment: datetime) -> date:
    """Return the local date of a moment."""
    return moment.astimezone(zone()).date()


def date_name(local: date) -> str:
    """Format a date in the current language: Tue 24 Nov."""
    return format_date(local, get_language())


@lru_cache(maxsize=2048)
def format_date(local: date, _language: str | None) -> str:
    # Cached, because a board of hundreds of rows shows few days and formatting is slow.
    # Translators: a day without its year, in the letters of Django's filter "date"
    return formats.date_format(local, _("D j M"))


def day(moment: datetime) -> str:
    """Format the local date of a moment: Tue 24 Nov."""
    return date_name(local_date(moment))


def times(start: datetime, end: datetime | None) -> str:
    """Format a range as 14:30-15:30, or as 14:30 where the end is not known."""
    return minute(start) if end is None else f"{minute(start)}–{minute(end)}"


def next_shown(local: time, after: datetime) -> datetime | None:
    """Return the next moment with this local time, today or tomorrow, in UTC.

    Return None where clocks skip that time on the day. Of an hour that occurs twice, return the
    first moment after ``after``.
    """
    today = local_date(after)
    for day in (today, today + timedelta(days=1)):
        shown = [datetime.combine(day, local.replace(fold=fold), zone()) for fold in (0, 1)]
        moments = [moment.astimezone(UTC) for moment in shown]
        ahead = [moment for moment in moments if moment > after]
        if ahead:
            skipped = ahead[0].astimezone(zone()).time() != local
            return None if skipped else ahead[0]
    return None


def slot(start: datetime, end: datetime | None) -> str:
    """Format a slot: Tue 24 Nov 14:30-15:30."""
    return f"{day(start)} {times(start, end)}"
