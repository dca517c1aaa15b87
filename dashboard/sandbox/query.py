"""What GET /v2/slots may be asked, and the sentences for what it may not.

https://github.com/calcom/cal.diy/blob/main/packages/platform/types/slots/slots-2024-09-04/inputs/get-slots-input.pipe.ts
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, available_timezones

from dashboard.sandbox.errors import bad_request
from dashboard.sandbox.iso import is_date_string, parsed

_ZONES = frozenset(available_timezones())
_WHOLE = re.compile(r"\s*([+-]?\d+)", re.ASCII)  # of which parseInt reads the beginning
_DATE = "{} must be a valid ISO 8601 date string"
_NUMBER = "{} must be a number conforming to the specified constraints"
_TEXT = "{} must be a string"
_NAMES = (
    "each value in usernames must be a string,"
    " The array must contain at least 2 elements., usernames must be an array"
)


@dataclass(frozen=True, slots=True)
class SlotsQuery:
    """``minutes`` is the duration asked, None for the event type's own."""

    sent: dict[str, str]
    event_type_id: int | None
    start: datetime
    end: datetime
    zone: tzinfo
    minutes: int | None
    with_end: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    passes: Callable[[str], bool]
    words: str
    optional: bool = False


def _is_text(value: str) -> bool:
    return bool(value)


def _is_number(value: str) -> bool:
    return _WHOLE.match(value) is not None


def _is_names(value: str) -> bool:
    return len(value.split(",")) > 1


def _is_date(value: str) -> bool:
    """Whether class-validator lets it pass, which looks at the day and not at the time of it."""
    day = re.split(r"[T\s]", value, maxsplit=1)[0]
    return is_date_string(value) and parsed(day) is not None


def _is_format(value: str) -> bool:
    return value.lower() in {"", "range", "time"}


_ID = {"eventTypeId": _Rule(_is_number, _NUMBER)}
_USER = {
    "username": _Rule(_is_text, _TEXT),
    "eventTypeSlug": _Rule(_is_text, _TEXT),
    "organizationSlug": _Rule(_is_text, _TEXT, optional=True),
}
_TEAM = {
    "teamSlug": _Rule(_is_text, _TEXT),
    "eventTypeSlug": _Rule(_is_text, _TEXT),
    "organizationSlug": _Rule(_is_text, _TEXT, optional=True),
}
_SEVERAL = {"usernames": _Rule(_is_names, _NAMES), "organizationSlug": _Rule(_is_text, _TEXT)}
_COMMON = {
    "start": _Rule(_is_date, _DATE),
    "end": _Rule(_is_date, _DATE),
    "timeZone": _Rule(_ZONES.__contains__, "{} must be a valid IANA time-zone", optional=True),
    "duration": _Rule(_is_number, _NUMBER, optional=True),
    "format": _Rule(_is_format, "slotFormat must be either 'range' or 'time'", optional=True),
    "bookingUidToReschedule": _Rule(_is_text, _TEXT, optional=True),
    "rrHostSubsetIds": _Rule(_is_text, _TEXT, optional=True),
}


def slots_query(text: str) -> SlotsQuery:
    """Raises Refusal 400 with one flat sentence about everything that is wrong."""
    sent = dict(parse_qsl(text, keep_blank_values=True))
    rules = _selector(sent) | _COMMON
    complaints = [(name, f"property {name} should not exist") for name in sent if name not in rules]
    complaints += [
        (name, rule.words.format(name)) for name, rule in rules.items() if _fails(rule, sent, name)
    ]
    if complaints:
        raise bad_request(
            ", ".join(f"{name} property is wrong,{words} " for name, words in complaints)
        )
    return SlotsQuery(
        sent=sent,
        event_type_id=_number(sent, "eventTypeId"),
        start=_moment(sent, "start"),
        end=_end(_moment(sent, "end")),
        zone=_zone(sent.get("timeZone", "UTC")),
        minutes=_number(sent, "duration"),
        with_end=sent.get("format", "").lower() == "range",
    )


def _selector(sent: dict[str, str]) -> dict[str, _Rule]:
    if "eventTypeId" in sent:
        return _ID
    if "eventTypeSlug" in sent and "username" in sent:
        return _USER
    if "eventTypeSlug" in sent and "teamSlug" in sent:
        return _TEAM
    return _SEVERAL


def _fails(rule: _Rule, sent: dict[str, str], name: str) -> bool:
    value = sent.get(name)
    return not rule.optional if value is None else not rule.passes(value)


def _number(sent: dict[str, str], name: str) -> int | None:
    found = _WHOLE.match(sent.get(name, ""))
    return int(found[1]) if found else None


def _moment(sent: dict[str, str], name: str) -> datetime:
    moment = parsed(sent[name])
    if moment is None:  # class-validator lets a space or a small z pass, and luxon does not
        raise bad_request(f"Invalid {name} date")
    return moment


def _end(moment: datetime) -> datetime:
    """Midnight means the whole day that begins there, however it was written."""
    is_midnight = moment.time().replace(microsecond=0) == time(0)
    return moment + timedelta(hours=23, minutes=59, seconds=59) if is_midnight else moment


def _zone(name: str) -> tzinfo:
    return UTC if name in {"UTC", "GMT"} else ZoneInfo(name)
