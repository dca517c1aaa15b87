"""Dates as cal.com takes and writes them.

What a body may contain is decided twice: first by class-validator's ``isDateString`` (validator.js,
https://github.com/validatorjs/validator.js/blob/master/src/lib/isISO8601.js), then by luxon's
``DateTime.fromISO`` (https://github.com/moment/luxon/blob/master/src/impl/regexParser.js). The
two disagree, and cal.com answers differently for each, so both are kept here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_ACCEPTED = re.compile(
    r"([+-]?\d{4}(?!\d{2}\b))"
    r"((-?)((0[1-9]|1[0-2])(\3([12]\d|0[1-9]|3[01]))?|W([0-4]\d|5[0-3])(-?[1-7])?"
    r"|(00[1-9]|0[1-9]\d|[12]\d{2}|3([0-5]\d|6[1-6])))"
    r"([T\s]((([01]\d|2[0-3])((:?)[0-5]\d)?|24:?00)([.,]\d+(?!:))?)?(\17[0-5]\d([.,]\d+)?)?"
    r"([zZ]|([+-])([01]\d|2[0-3]):?([0-5]\d)?)?)?)?",
    re.ASCII,
)
_TIME = (
    r"(?:T(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,30}))?)?)?"
    r"(?:Z|(?P<sign>[+-])(?P<ahead>\d\d)(?::?(?P<and_minutes>\d\d))?)?)?"
)
_DATES = tuple(
    re.compile(pattern + _TIME, re.ASCII)
    for pattern in (
        r"(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d))?)?",
        r"(?P<year>\d{4})-?W(?P<week>\d\d)(?:-?(?P<weekday>\d))?",
        r"(?P<year>\d{4})-?(?P<ordinal>\d{3})",
    )
)


def is_date_string(value: object) -> bool:
    """Whether class-validator would let it pass; it may still be no moment at all."""
    return isinstance(value, str) and _ACCEPTED.fullmatch(value) is not None


def parsed(text: str) -> datetime | None:
    """The moment in UTC, cut to milliseconds, or None where luxon finds none."""
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found:
            return _moment({name: part for name, part in found.groupdict().items() if part})
    return None


def text(moment: datetime, zone: tzinfo = UTC) -> str:
    """``2027-01-11T09:00:00.000Z``, or with the offset of another zone."""
    written = moment.astimezone(zone).isoformat(timespec="milliseconds")
    return written.removesuffix("+00:00") + "Z" if zone is UTC else written


def _moment(part: dict[str, str]) -> datetime | None:
    try:
        return datetime.combine(_day(part), time(0), UTC) + _since_midnight(part)
    except (ValueError, OverflowError):
        return None


def _day(part: dict[str, str]) -> date:
    year = _as_stored(int(part["year"]))
    if "week" in part:
        return date.fromisocalendar(year, int(part["week"]), int(part.get("weekday", 1)))
    if "ordinal" in part:
        day = date(year, 1, 1) + timedelta(days=int(part["ordinal"]) - 1)
        return day if day.year == year else date(year, 2, 30)  # raises: no such day
    return date(year, int(part.get("month", 1)), int(part.get("day", 1)))


def _as_stored(year: int) -> int:
    """JavaScript reads a year below 100 as one of ours; cal.com hands 0001 back as 2001."""
    if year >= 100:
        return year
    return year + (2000 if year < 50 else 1900)


def _since_midnight(part: dict[str, str]) -> timedelta:
    hour, minute, second = (int(part.get(name, 0)) for name in ("hour", "minute", "second"))
    milliseconds = int(float("0." + part.get("fraction", "0")) * 1000)
    if (hour, minute, second, milliseconds) != (24, 0, 0, 0):
        time(hour, minute, second)  # raises: no such time
    offset = timedelta(hours=int(part.get("ahead", 0)), minutes=int(part.get("and_minutes", 0)))
    elapsed = timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=milliseconds)
    return elapsed + offset if part.get("sign") == "-" else elapsed - offset
