"""Moments as text, in the zone and language of the person who reads them.

Everything that people read is formatted here: pages, messages, the audit log and the sentence for
the client. A time is given its day, year and offset wherever it could otherwise be misread. ``now``
decides what "today" and "this year" are; without it, it is the present.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import get_language, gettext as _

from dashboard.localization import time_zones


def office() -> tzinfo:
    """Return the office's time zone, from OFFICE_TIME_ZONE."""
    return time_zones.load(settings.OFFICE_TIME_ZONE) or UTC


def zone() -> tzinfo:
    """Return the person's own zone, or else the office's.

    This is Django's current zone, which ``accounts.middleware`` sets for each request.
    """
    return timezone.get_current_timezone()


def zone_name() -> str:
    """Return the name of the current zone: Europe/Rome, or UTC+2."""
    return time_zones.display_name(str(zone()))


def office_midnight(local: date) -> datetime:
    """Return the start of a day in the office's zone, in UTC."""
    return datetime.combine(local, time(), office()).astimezone(UTC)


def midnight(local: date) -> datetime:
    """Return the start of a day in the current zone, in UTC."""
    return datetime.combine(local, time(), zone()).astimezone(UTC)


def local_date(moment: datetime | None = None) -> date:
    """Return the local date of a moment, or today's."""
    return (moment or timezone.now()).astimezone(zone()).date()


def iso(moment: datetime) -> str:
    """Format a moment for scripts and ``<time datetime>``: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(moment: datetime) -> str:
    """Format a time with seconds: 14:05:30, or 02:05:30 CET where clocks show it twice."""
    local = moment.astimezone(zone())
    return local.isoformat()[11:19] + _offset_if_doubled(local)


def minute(moment: datetime) -> str:
    """Format a time: 14:05, or 02:05 CET where clocks show it twice."""
    local = moment.astimezone(zone())
    return local.isoformat()[11:16] + _offset_if_doubled(local)


def slot_clock(moment: datetime) -> str:
    """Format the start or end of a slot: 14:05, with seconds only where it has some."""
    return clock(moment) if moment.second else minute(moment)


def _offset_if_doubled(local: datetime) -> str:
    """Return " CET" or " UTC-3" for a local time that occurs twice, else ""."""
    other = local.replace(fold=1 - local.fold)
    if local.utcoffset() == other.utcoffset():
        return ""
    name = local.tzname() or ""
    # Zones without letters have names such as -03.
    distinct = name.isalpha() and name != other.tzname()
    return f" {name}" if distinct else f" {time_zones.offset_name(local.utcoffset())}"


def typed(moment: datetime) -> str:
    """Format a form value: local ISO 8601, with its offset where the hour occurs twice."""
    local = moment.astimezone(zone())
    shown = local if _offset_if_doubled(local) else local.replace(tzinfo=None)
    return shown.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")


def date_name(local: date, now: datetime | None = None) -> str:
    """Format a date in the current language: Tue 24 Nov, with the year unless it is this one."""
    return format_date(local, get_language(), has_year=local.year != local_date(now).year)


@lru_cache(maxsize=2048)
def format_date(local: date, _language: str | None, *, has_year: bool) -> str:
    # Cached, because a board of hundreds of rows shows few days and formatting is slow.
    if has_year:
        return formats.date_format(local, _("D j M Y"))
    # Translators: a day without its year, in the letters of Django's filter "date"
    return formats.date_format(local, _("D j M"))


def day(moment: datetime, now: datetime | None = None) -> str:
    """Format the local date of a moment: Tue 24 Nov, with the year unless it is this one."""
    return date_name(local_date(moment), now)


def when(
    moment: datetime,
    now: datetime | None = None,
    *,
    time_of_day: Callable[[datetime], str] = clock,
) -> str:
    """Format a moment near ``now``: 14:05:30, with its day unless that is today."""
    text = time_of_day(moment)
    return text if local_date(moment) == local_date(now) else f"{day(moment, now)} {text}"


def day_and_clock(moment: datetime, now: datetime | None = None) -> str:
    """Format a moment: Tue 24 Nov 14:05:30, with the year unless it is this one."""
    return f"{day(moment, now)} {clock(moment)}"


def in_full(moment: datetime) -> str:
    """Format a moment so that it is clear by itself: Tue 24 Nov 2026 14:05:30 CET."""
    local = moment.astimezone(zone())
    name = local.tzname() or ""
    offset = name if name.isalpha() else time_zones.offset_name(local.utcoffset())
    return f"{day_and_year(moment)} {local:%H:%M:%S} {offset}"


def times(start: datetime, end: datetime | None, now: datetime | None = None) -> str:
    """Format the times of a slot: 14:30-15:30, or 22:00 - Sat 5 Dec 01:00 over midnight.

    Where the end is not known, it is the start alone.
    """
    if end is None:
        return slot_clock(start)
    if local_date(start) == local_date(end):
        return f"{slot_clock(start)}–{slot_clock(end)}"
    return f"{slot_clock(start)} – {day(end, now)} {slot_clock(end)}"


def slot(start: datetime, end: datetime | None, now: datetime | None = None) -> str:
    """Format a slot: Tue 24 Nov 14:30-15:30."""
    return f"{day(start, now)} {times(start, end, now)}"


def day_and_year(moment: datetime) -> str:
    """Format the local date of a moment, always with its year: Tue 24 Nov 2026."""
    return format_date(local_date(moment), get_language(), has_year=True)


def day_in_full(moment: datetime) -> str:
    """Format the local date of a moment for a client: Tuesday 24 November 2026."""
    # Translators: a day in full, in Django's letters: https://docs.djangoproject.com/en/5.2/ref/templates/builtins/#date
    return formats.date_format(moment.astimezone(zone()), _("l j F Y"))


def slot_in_full(start: datetime, end: datetime | None) -> str:
    """Format a slot for a client: Tuesday 24 November 2026, 14:30-15:30."""
    first = f"{day_in_full(start)}, {slot_clock(start)}"
    if end is None:
        return first
    if local_date(start) == local_date(end):
        return f"{first}–{slot_clock(end)}"
    return f"{first} – {day_in_full(end)}, {slot_clock(end)}"


def until_in_full(end: datetime, now: datetime) -> str:
    """Format the end of a hold for a client: 14:05, with its day unless that is today.

    It is cut to the minute, so that no second is promised too many.
    """
    is_today = local_date(end) == local_date(now)
    return minute(end) if is_today else f"{day_in_full(end)}, {minute(end)}"


def next_shown(local: time, after: datetime) -> datetime | None:
    """Return the next moment with this local time, today or tomorrow, in UTC.

    Return None where clocks skip that time on the day. Of an hour that occurs twice, return the
    first moment after ``after``.
    """
    today = local_date(after)
    moments = (
        datetime.combine(day, local.replace(fold=fold), zone()).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
        for fold in (0, 1)
    )
    first = next(moment for moment in moments if moment > after)
    return first if first.astimezone(zone()).time() == local else None
