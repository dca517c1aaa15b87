"""Moments as text: with day, year and offset wherever they could be misread."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from dashboard.localization import local_times, time_zones

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DEC_4 = datetime(2026, 12, 4, 9, 0, tzinfo=UTC)  # 10:00 in Rome
CLOCKS_BACK = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in Rome, for the first time
HOUR = timedelta(hours=1)


def in_zone(name: str) -> timezone.override:
    return timezone.override(time_zones.load(name))


@pytest.mark.parametrize(
    ("start", "minutes", "shown"),
    [
        (DEC_4, 60, "Fri 4 Dec 10:00–11:00"),
        (DEC_4, None, "Fri 4 Dec 10:00"),
        (DEC_4 + timedelta(seconds=30), 15, "Fri 4 Dec 10:00:30–10:15:30"),
        (DEC_4, 24 * 60, "Fri 4 Dec 10:00 – Sat 5 Dec 10:00"),
        (DEC_4, 48 * 60, "Fri 4 Dec 10:00 – Sun 6 Dec 10:00"),
        (DEC_4 + 12 * HOUR, 180, "Fri 4 Dec 22:00 – Sat 5 Dec 01:00"),
        (DEC_4 + 13 * HOUR, 60, "Fri 4 Dec 23:00 – Sat 5 Dec 00:00"),
        (DEC_4.replace(year=2027), 60, "Sat 4 Dec 2027 10:00–11:00"),
        (DEC_4.replace(year=2040), 60, "Tue 4 Dec 2040 10:00–11:00"),
        (DEC_4.replace(year=2025), 60, "Thu 4 Dec 2025 10:00–11:00"),
        (
            datetime(2026, 12, 31, 22, 30, tzinfo=UTC),
            60,
            "Thu 31 Dec 23:30 – Fri 1 Jan 2027 00:30",
        ),
        (CLOCKS_BACK, 30, "Sun 25 Oct 02:30 CEST–02:00 CET"),
        (CLOCKS_BACK, 60, "Sun 25 Oct 02:30 CEST–02:30 CET"),
        (CLOCKS_BACK - HOUR, 60, "Sun 25 Oct 01:30–02:30 CEST"),
        (CLOCKS_BACK + HOUR, 60, "Sun 25 Oct 02:30 CET–03:30"),
        (CLOCKS_BACK + HOUR / 2, 30, "Sun 25 Oct 02:00 CET–02:30 CET"),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 60, "Sun 29 Mar 01:30–03:30"),
    ],
)
def test_slot(start: datetime, minutes: int | None, shown: str) -> None:
    end = None if minutes is None else start + timedelta(minutes=minutes)
    with in_zone("Europe/Rome"):
        assert local_times.slot(start, end, NOW) == shown


@pytest.mark.parametrize(
    ("zone", "first", "second"),
    [
        ("Europe/Rome", "02:20:00 CEST", "02:20:00 CET"),
        ("America/New_York", "01:20:00 EDT", "01:20:00 EST"),
        ("Atlantic/Azores", "00:20:00 UTC", "00:20:00 UTC-1"),
        ("Australia/Lord_Howe", "01:45:00 UTC+11", "01:45:00 UTC+10:30"),
        ("America/Nuuk", "23:20:00 UTC-1", "23:20:00 UTC-2"),
    ],
)
def test_doubled_hour_has_its_offset(zone: str, first: str, second: str) -> None:
    """Look at every moment of a year at which clocks show this time, some of them twice."""
    minute, where = time.fromisoformat(first[:5]), ZoneInfo(zone)
    days = [date(NOW.year, 1, 1) + timedelta(days=number) for number in range(365)]
    times = [minute.replace(fold=fold) for fold in (0, 1)]
    both = (datetime.combine(day, at, where) for day in days for at in times)
    moments = sorted({at.astimezone(UTC) for at in both})
    with in_zone(zone):
        shown = [local_times.clock(at) for at in moments if at.astimezone(where).time() == minute]
    assert [text for text in shown if len(text) > len("00:00:00")] == [first, second]


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (NOW + HOUR, "14:00:00"),
        (NOW + 10 * HOUR, "23:00:00"),
        (NOW + 11 * HOUR, "Sun 29 Nov 00:00:00"),
        (NOW - 24 * HOUR, "Fri 27 Nov 13:00:00"),
        (NOW.replace(year=2027), "Sun 28 Nov 2027 13:00:00"),
    ],
)
def test_moment_has_its_day_unless_today(moment: datetime, shown: str) -> None:
    with in_zone("Europe/Rome"):
        assert local_times.when(moment, NOW) == shown


def test_day_and_year_are_those_of_the_zone() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with in_zone("Europe/Rome"):
        assert local_times.day(new_year, NOW) == "Fri 1 Jan 2027"
        assert local_times.day(new_year, new_year) == "Fri 1 Jan"
    with in_zone("America/New_York"):
        assert local_times.day(new_year, NOW) == "Thu 31 Dec"


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "Sat 4 Dec 2027 10:00–11:00"), ("de", "Sa, 4. Dez 2027 10:00–11:00")],
)
def test_slot_is_in_the_readers_language(language: str, shown: str) -> None:
    start = DEC_4.replace(year=2027)
    with translation.override(language), in_zone("Europe/Rome"):
        assert local_times.slot(start, start + HOUR, NOW) == shown


def test_slot_for_a_client_over_midnight() -> None:
    with in_zone("Europe/Rome"):
        shown = local_times.slot_in_full(DEC_4 + 12 * HOUR, DEC_4 + 15 * HOUR)
    assert shown == "Friday 4 December 2026, 22:00 – Saturday 5 December 2026, 01:00"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Rome", "Fri 4 Dec 2026 10:00:00 CET"),
        ("America/Sao_Paulo", "Fri 4 Dec 2026 06:00:00 UTC-3"),
        ("UTC+5:30", "Fri 4 Dec 2026 14:30:00 UTC+5:30"),
    ],
)
def test_moment_that_is_clear_by_itself(zone: str, shown: str) -> None:
    with in_zone(zone):
        assert local_times.in_full(DEC_4) == shown


def test_form_value_has_its_offset_only_where_the_hour_occurs_twice() -> None:
    with in_zone("Europe/Rome"):
        shown = [local_times.typed(at) for at in (DEC_4, CLOCKS_BACK, CLOCKS_BACK + HOUR)]
    assert shown == ["2026-12-04T10:00", "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"]


def test_posix_name_of_a_zone_is_not_shown() -> None:
    with in_zone("Etc/GMT-2"):
        assert local_times.zone_name() == "UTC+2"
