"""Values of terms: numbers, codes, and ranges of days; see :mod:`dashboard.audit.terms`."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from dashboard.audit.rollups import MAX_ID, begun_between
from dashboard.localization import local_times

# No entry is outside these, and datetimes near the ends of the calendar overflow.
YEARS = range(2000, 2200)
RELATIVE = re.compile(r"([1-9][0-9]{0,3})([dh])")


class TermError(ValueError):
    """A term that makes no sense; the message is for people."""


def days(value: str, now: datetime) -> Q:
    """Match a day, a range ``A..B`` with open ends, ``today``, ``yesterday``, ``7d`` or ``2h``."""
    first, is_range, last = value.partition("..")
    if not first and not last:
        raise TermError(_("A range needs a day, such as day:2026-11-20.. or day:..today."))
    if relative := RELATIVE.fullmatch(value.lower()):
        amount = int(relative[1])
        if relative[2] == "h":
            return begun_between(now - timedelta(hours=amount), None)
        return local_days(local_times.local_date(now) - timedelta(days=amount - 1), None)
    start = read_day(first, now) if first else None
    end = read_day(last, now) if last else None if is_range else start
    if start and end and end < start:
        raise TermError(_("“%(text)s” ends before it begins.") % {"text": value})
    return local_days(start, end)


def local_days(first: date | None, last: date | None) -> Q:
    """Match local days, both included; None is no limit."""
    return begun_between(
        local_times.midnight(first) if first else None,
        local_times.midnight(last + timedelta(days=1)) if last else None,
    )


def hour(value: str) -> Q:
    """Match one hour from a local time on, such as 2026-11-20T14:00, or with its offset.

    Where clocks go back and show the time twice, it is the hour from each on.
    """
    try:
        start = parse_datetime(value) if len(value) > len("2026-11-20") else None  # not a day alone
    except ValueError:  # well written, but no such time
        start = None
    if start is None or start.year not in YEARS:
        raise TermError(_("“%(text)s” is no hour. Write 2026-11-20T14:00.") % {"text": value})
    start = start if start.tzinfo else start.replace(tzinfo=local_times.zone())
    # In UTC, because an hour of a local time can be none or two.
    first, last = start.astimezone(UTC), start.replace(fold=1).astimezone(UTC)
    if last < first:
        raise TermError(
            _("“%(text)s” does not exist in %(zone)s: the clocks go forward then.")
            % {"text": value, "zone": local_times.zone_name()}
        )
    return begun_between(first, last + timedelta(hours=1))


def read_day(text: str, now: datetime) -> date:
    today = local_times.local_date(now)
    if text.lower() in ("today", "yesterday"):
        return today - timedelta(days=text.lower() == "yesterday")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if found.year not in YEARS:
        raise TermError(
            _("“%(text)s” is no day. Write 2026-11-20, today, yesterday, 7d or 2h.")
            % {"text": text}
        )
    return found


def number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= MAX_ID):
        raise TermError(_("“%(text)s” is no number.") % {"text": value[:20]})
    return int(value)


def one_of(value: str, known: Sequence[str]) -> str:
    if value.lower() not in known:
        raise TermError(
            _("“%(text)s” is not known. Possible are %(known)s")
            % {"text": value, "known": ", ".join(known)}
        )
    return value.lower()
