"""Moments as staff read them: in the zone and the language of whoever looks, formatted once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def office() -> ZoneInfo:
    """The office's zone, the same for everybody."""
    return ZoneInfo(settings.OFFICE_TIME_ZONE)


def zone() -> tzinfo:
    """The zone of whoever looks: their own, else the office's. Pages show and forms read this one.

    It is Django's current zone, which ``accounts.localisation`` sets for each request.
    """
    return timezone.get_current_timezone()


def zone_name() -> str:
    """The zone's IANA name, to stand beside its times."""
    return timezone.get_current_timezone_name()


def office_midnight(local: date) -> datetime:
    """When a day begins at the office, in UTC."""
    return datetime.combine(local, time(), office()).astimezone(UTC)


def midnight(local: date) -> datetime:
    """When a day begins in the zone of whoever looks, in UTC."""
    return datetime.combine(local, time(), zone()).astimezone(UTC)


def clock(moment: datetime) -> str:
    """14:05:30"""
    return moment.astimezone(zone()).isoformat()[11:19]


def minute(moment: datetime) -> str:
    """14:05"""
    return moment.astimezone(zone()).isoformat()[11:16]


def is_doubled(moment: datetime) -> bool:
    """Whether clocks show this time twice, as they go back."""
    local = moment.astimezone(zone())
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def typed(moment: datetime) -> str:
    """As a form takes it: the local time, with its offset where that hour exists twice."""
    local = moment.astimezone(zone())
    text = local.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")
    return text if is_doubled(moment) else text[: -len("+00:00")]


def local_date(moment: datetime) -> date:
    """The day that it is on."""
    return moment.astimezone(zone()).date()


def date_name(local: date) -> str:
    """Tue 24 Nov, in the language of the page."""
    return _day(local, get_language())


def day(moment: datetime) -> str:
    """Tue 24 Nov, in the language of the page."""
    return _day(moment.astimezone(zone()).date(), get_language())


def times(start: datetime, end: datetime | None) -> str:
    """14:30-15:30 with an en dash, or 14:30 where the end is not known."""
    return minute(start) if end is None else f"{minute(start)}–{minute(end)}"


def next_shown(local: time, at: datetime) -> datetime | None:
    """When clocks next show a time, today or tomorrow, in UTC.

    None where they skip it on the day on which it would come. Of an hour that comes twice, the
    first that is still ahead.
    """
    today = at.astimezone(zone()).date()
    for day in (today, today + timedelta(days=1)):
        shown = [datetime.combine(day, local.replace(fold=fold), zone()) for fold in (0, 1)]
        moments = [moment.astimezone(UTC) for moment in shown]
        ahead = [moment for moment in moments if moment > at]
        if ahead:
            skipped = ahead[0].astimezone(zone()).time() != local
            return None if skipped else ahead[0]
    return None


def slot(start: datetime, end: datetime | None) -> str:
    """Day and times in one."""
    return f"{day(start)} {times(start, end)}"


@lru_cache(maxsize=2048)
def _day(local: date, _language: str | None) -> str:
    # A board of hundreds of rows shows few days; formatting a date is slow beside all else.
    # Translators: a day without its year, in the letters of Django's filter "date"
    return formats.date_format(local, _("D j M"))
