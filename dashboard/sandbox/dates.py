"""The sandbox's clock, and dates as cal.com reads and writes them.

cal.com judges a date twice, and the two disagree: class-validator's ``isDateString`` (validator.js,
https://github.com/validatorjs/validator.js/blob/master/src/lib/isISO8601.js), then luxon's
``DateTime.fromISO`` (https://github.com/moment/luxon/blob/master/src/impl/regexParser.js).
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

DATE_STRING = re.compile(
    r"([+-]?\d{4}(?!\d{2}\b))"
    r"((-?)((0[1-9]|1[0-2])(\3([12]\d|0[1-9]|3[01]))?|W([0-4]\d|5[0-3])(-?[1-7])?"
    r"|(00[1-9]|0[1-9]\d|[12]\d{2}|3([0-5]\d|6[1-6])))"
    r"([T\s]((([01]\d|2[0-3])((:?)[0-5]\d)?|24:?00)([.,]\d+(?!:))?)?(\17[0-5]\d([.,]\d+)?)?"
    r"([zZ]|([+-])([01]\d|2[0-3]):?([0-5]\d)?)?)?)?",
    re.ASCII,
)
MONTH = re.compile(r"\d{4}(-\d\d)?", re.ASCII)
ORDINAL_DAY = re.compile(r"(\d{4})-?(\d{3})", re.ASCII)


class Clock:
    """Real time in UTC, cut to milliseconds as in JavaScript; it can be shifted or stopped."""

    def __init__(self) -> None:
        self._shift = timedelta(0)
        self._stopped_at: datetime | None = None

    def now(self) -> datetime:
        return cut_to_milliseconds(self._stopped_at or datetime.now(UTC) + self._shift)

    def stop(self, at: datetime | None = None) -> None:
        """Stop at an aware moment, by default the present one."""
        self._stopped_at = (at or self.now()).astimezone(UTC)

    def shift(self, seconds: float) -> None:
        """Go forward by ``seconds``, or back if negative; a stopped clock stays stopped."""
        if self._stopped_at is None:
            self._shift += timedelta(seconds=seconds)
        else:
            self._stopped_at += timedelta(seconds=seconds)

    def reset(self) -> None:
        self._shift, self._stopped_at = timedelta(0), None


def cut_to_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def is_date_string(value: object) -> bool:
    """Return whether class-validator accepts the value; luxon may still refuse it."""
    return isinstance(value, str) and DATE_STRING.fullmatch(value) is not None


def parse_date(text: str) -> datetime | None:
    """Return the moment in UTC, cut to milliseconds, or None where luxon reads none."""
    if " " in text or text.endswith("z"):
        return None
    day, separator, time = text.partition("T")
    try:
        moment = datetime.fromisoformat(calendar_date(day) + separator + time)
        moment = moment.replace(year=stored_year(moment.year), tzinfo=moment.tzinfo or UTC)
        return cut_to_milliseconds(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def calendar_date(day: str) -> str:
    """Rewrite the forms that luxon reads and Python does not: 2027, 2027-01 and 2027-011."""
    if ordinal := ORDINAL_DAY.fullmatch(day):
        first = date(int(ordinal[1]), 1, 1)
        return (first + timedelta(days=int(ordinal[2]) - 1)).isoformat()
    if MONTH.fullmatch(day):
        return f"{day}-01" if "-" in day else f"{day}-01-01"
    return day


def stored_year(year: int) -> int:
    """Return the year that JavaScript makes of one below 100: cal.com returns 0001 as 2001."""
    if year >= 100:
        return year
    return year + (2000 if year < 50 else 1900)


def format_date(moment: datetime, zone: tzinfo = UTC) -> str:
    """Return ``2027-01-11T09:00:00.000Z``, or the offset of another zone in place of Z."""
    text = moment.astimezone(zone).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z" if zone is UTC else text
