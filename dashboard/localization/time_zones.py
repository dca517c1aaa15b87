"""Time zones as people name them: IANA names, cities, abbreviations and offsets from UTC.

The name of a zone is that of IANA, or an offset such as ``UTC+2`` and ``UTC-5:30``.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from dashboard.localization.folding import fold

# First parts of current names. Other names in tzdata are older spellings of these.
REGIONS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
}
# In some copies of tzdata, and no zone of a place: no browser knows them.
NOT_A_PLACE = frozenset({"Factory", "localtime", "posixrules"})
OFFSET_NAME = re.compile(r"UTC([+-])(\d{1,2})(?::(\d\d))?")
# What people type, after folding: UTC+2, gmt -5:30, +0530; and UTC 2, where the sign got lost.
TYPED_OFFSET = re.compile(r"(?:utc|gmt)? ?([+-]) ?(\d{1,2})(?::?(\d\d))?")
UNSIGNED_OFFSET = re.compile(r"(?:utc|gmt) ?(\d{1,2})(?::?(\d\d))?")
POSIX_NAME = re.compile(r"etc/gmt([+-])(\d{1,2})", re.IGNORECASE)
WEST, EAST = timedelta(hours=-12), timedelta(hours=14)  # no place is further from UTC
QUARTER = timedelta(minutes=15)
LAST_LISTED_YEAR = 2037  # tzdata lists changes to the clocks until then

# Words that mean more than one zone, or another one than IANA's, and what may be meant.
MEANINGS: dict[str, str] = tomllib.loads(
    Path(__file__).with_name("zone_meanings.toml").read_text(encoding="utf-8")
)


@cache
def names() -> frozenset[str]:
    """Return all IANA names, kept because Python reads a folder for them each time."""
    return frozenset(available_timezones() - NOT_A_PLACE)


@cache
def places() -> tuple[str, ...]:
    """Return the current IANA names in alphabetical order, and UTC."""
    return tuple(sorted({"UTC", *(name for name in names() if name.partition("/")[0] in REGIONS)}))


def load(name: str) -> tzinfo | None:
    """Return the zone of a name; None for "" and for a name that tzdata does not have (any more).

    >>> load("UTC-5:30").utcoffset(None)
    datetime.timedelta(days=-1, seconds=66600)
    """
    if name in names():
        return ZoneInfo(name)
    match = OFFSET_NAME.fullmatch(name)
    offset = match and _offset(*match.groups())
    return None if offset is None else timezone(offset, name)


def display_name(name: str) -> str:
    """Return a zone's name as people read it: ``Etc/GMT-2`` is UTC+2."""
    match = POSIX_NAME.fullmatch(name)
    if match is None:
        return name
    return offset_name(_offset("-" if match[1] == "+" else "+", match[2], None))


def offset_name(offset: timedelta | None) -> str:
    """Return an offset as the name of a zone: UTC+2, UTC-5:30, UTC."""
    minutes = (offset or timedelta()) // timedelta(minutes=1)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")


def meanings(text: str) -> tuple[str, ...]:
    """Return the names of all zones that a text may mean; () for a text that means none.

    Letter case, accents, spaces, underscores and hyphens of a name do not matter. The sign of an
    offset is as people write it: UTC+2 is east of Greenwich.
    """
    typed = fold(text)
    if match := TYPED_OFFSET.fullmatch(typed):
        return _offsets(match[1], match[2], match[3])
    if match := UNSIGNED_OFFSET.fullmatch(typed):
        return _offsets("+-", match[1], match[2])
    if match := POSIX_NAME.fullmatch(typed):
        return _offsets("+-" if int(match[2]) else "+", match[2], None)
    return _by_key().get(_key(text), ())


def _offsets(signs: str, hours: str, minutes: str | None) -> tuple[str, ...]:
    offsets = (_offset(sign, hours, minutes) for sign in signs)
    found = (offset_name(offset) for offset in offsets if offset is not None)
    return tuple(dict.fromkeys(found))


def _offset(sign: str, hours: str, minutes: str | None) -> timedelta | None:
    """Return an offset; None where no place on earth has it."""
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    exists = int(minutes or 0) < 60 and WEST <= offset <= EAST and not offset % QUARTER
    return offset if exists else None


@cache
def _by_key() -> Mapping[str, tuple[str, ...]]:
    """Return zones by the folded form of their names, cities and abbreviations."""
    named, cities = {}, defaultdict(list)
    for name in sorted(names() - {"GMT+0", "GMT-0", "GMT0"}, key=_preference):
        if not name.startswith("Etc/"):
            named[_key(name)] = (name,)
            parts = name.split("/")[1:]
            for start in range(len(parts)):  # Indiana/Knox and Knox
                cities[_key("/".join(parts[start:]))].append(name)
    found = {key: _distinct(same) for key, same in cities.items()} | named
    for words, meant in MEANINGS.items():
        known = tuple(name for name in meant.split() if load(name) is not None)
        found |= dict.fromkeys(words.split(), known)
    return found


def _distinct(same: Iterable[str]) -> tuple[str, ...]:
    """Return one name for each group of names whose clocks agree from now on."""
    months = [datetime(LAST_LISTED_YEAR, month, 1, tzinfo=UTC) for month in range(1, 13)]
    groups: dict[tuple[timedelta | None, ...], str] = {}
    for name in same:
        zone = ZoneInfo(name)
        groups.setdefault(tuple(month.astimezone(zone).utcoffset() for month in months), name)
    return tuple(groups.values())


def _preference(name: str) -> tuple[bool, bool, str]:
    """Return a sort key: current names before older spellings, short names first."""
    return (name.partition("/")[0] not in REGIONS, name.count("/") != 1, name)


def _key(text: str) -> str:
    """Return what is compared of a name: its letters, digits and slashes, folded."""
    return re.sub(r"[^a-z0-9/]", "", fold(text))
