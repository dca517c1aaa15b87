"""Time zones as people type them."""

from datetime import timedelta

import pytest

from dashboard.localization import time_zones

CLEAR = [
    ("UTC+2", "UTC+2"),
    ("GMT+2", "UTC+2"),
    ("gmt-5", "UTC-5"),
    ("+02:00", "UTC+2"),
    ("utc-5:30", "UTC-5:30"),
    ("+0530", "UTC+5:30"),
    ("-3", "UTC-3"),
    ("UTC + 2", "UTC+2"),
    ("UTC−5", "UTC-5"),
    ("＋２", "UTC+2"),
    ("UTC+5:45", "UTC+5:45"),
    ("UTC+14", "UTC+14"),
    ("UTC-12", "UTC-12"),
    *((word, "UTC") for word in ("Z", "UTC", "utc", "GMT", "+00:00", "UTC-0", "Etc/UTC")),
    ("GMT+0", "UTC"),
    ("Etc/GMT-0", "UTC"),
    *((word, "America/New_York") for word in ("America/New_York", "new york", "New_York")),
    *((word, "America/New_York") for word in ("NEWYORK", " new  york ", "america/new york")),
    ("São Paulo", "America/Sao_Paulo"),
    ("Sao Paulo", "America/Sao_Paulo"),
    ("Zürich", "Europe/Zurich"),
    ("İstanbul", "Asia/Istanbul"),
    ("port au prince", "America/Port-au-Prince"),
    ("Indiana/Knox", "America/Indiana/Knox"),
    ("Japan", "Japan"),
    ("US/Pacific", "US/Pacific"),
    ("EST5EDT", "America/New_York"),
    ("JST", "Asia/Tokyo"),
]


def test_clear_text() -> None:
    for typed, name in CLEAR:
        assert time_zones.meanings(typed) == (name,), typed
        assert time_zones.meanings(name) == (name,), name


AMBIGUOUS = [
    ("EST", ("America/New_York", "UTC-5", "Australia/Sydney")),
    ("mst", ("America/Denver", "America/Phoenix")),
    ("West", ("Europe/Lisbon", "Australia/Perth", "America/Manaus", "UTC+1")),
    ("CET", ("Europe/Paris", "UTC+1")),
    ("IST", ("Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin")),
    ("Cordoba", ("America/Argentina/Cordoba", "Europe/Madrid")),
    ("GMT 2", ("UTC+2", "UTC-2")),  # a plus in an address is a space
    ("Etc/GMT+2", ("UTC+2", "UTC-2")),  # in this name the sign is the other way round
    ("etc/gmt-5", ("UTC+5", "UTC-5")),
]


def test_ambiguous_text() -> None:
    for typed, names in AMBIGUOUS:
        assert time_zones.meanings(typed) == names, typed


NO_ZONE = [
    *("", "/", "+", "Atlantis", "UTC+25", "UTC-13", "UTC+5:20", "UTC+5:75", "2", "localtime"),
    *("Factory", "posixrules", "right/Europe/Rome", "posix/Europe/Rome", "../../etc/passwd"),
]


def test_text_without_a_zone() -> None:
    found = {typed: time_zones.meanings(typed) for typed in NO_ZONE}
    assert found == dict.fromkeys(NO_ZONE, ())


def test_every_meaning_can_be_loaded() -> None:
    found = {name for names in time_zones.MEANINGS.values() for name in names.split()}
    assert [name for name in found if time_zones.load(name) is None] == []


def test_no_meaning_is_the_posix_name_of_an_offset() -> None:
    # The signs of Etc/GMT+2 are the other way round than people expect.
    words = [*time_zones.names(), *(f"GMT{sign}{hour}" for sign in "+-" for hour in range(15))]
    found = {name for word in words for name in time_zones.meanings(word)}
    assert sorted(name for name in found if name.startswith(("Etc/", "GMT"))) == []


@pytest.mark.parametrize(
    ("name", "hours"), [("UTC+2", 2), ("UTC-5:30", -5.5), ("UTC+5:45", 5.75), ("UTC", 0)]
)
def test_offset_is_a_zone(name: str, hours: float) -> None:
    zone = time_zones.load(name)
    assert zone is not None
    assert (str(zone), zone.utcoffset(None)) == (name, timedelta(hours=hours))


@pytest.mark.parametrize("name", ["", "Europe/Atlantis", "UTC+99", "localtime", "Factory", "EST "])
def test_unknown_name_is_no_zone(name: str) -> None:
    assert time_zones.load(name) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Etc/GMT-2", "UTC+2"), ("Etc/GMT+5", "UTC-5"), ("Europe/Rome", "Europe/Rome")],
)
def test_display_name(name: str, shown: str) -> None:
    assert time_zones.display_name(name) == shown
