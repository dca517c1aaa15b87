"""Moments as staff read them: in the office's zone, formatted once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats


def office() -> ZoneInfo:
    """The office's zone."""
    return ZoneInfo(settings.OFFICE_TIME_ZONE)


def clock(moment: datetime) -> str:
    """14:05:30"""
    return f"{moment.astimezone(office()):%H:%M:%S}"


def minute(moment: datetime) -> str:
    """14:05"""
    return f"{moment.astimezone(office()):%H:%M}"


def day(moment: datetime) -> str:
    """Tue 24 Nov, with the year where it is not this one's or the next."""
    local = moment.astimezone(office())
    return formats.date_format(local, "D j M")


def times(start: datetime, end: datetime | None) -> str:
    """14:30-15:30 with an en dash, or 14:30 where the end is not known."""
    return minute(start) if end is None else f"{minute(start)}–{minute(end)}"


def slot(start: datetime, end: datetime | None) -> str:
    """Day and times in one."""
    return f"{day(start)} {times(start, end)}"
