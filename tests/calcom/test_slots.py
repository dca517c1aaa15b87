"""Slots of a good answer: those that can be read are shown, the others counted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.calcom import Listed, Slot
from tests.calcom.calls import ends


def test_slots_are_sorted_and_limited_to_the_range() -> None:
    data = {
        "2027-01-12": ["2027-01-12T08:00:00.000Z", "2027-01-12T09:00:00.000Z"],
        "2027-01-11": [
            {"start": "2027-01-11T12:00:00.000+01:00", "end": "2027-01-11T13:00:00.000+01:00"},
            {"start": "2027-01-11T08:59:59.999Z"},
            {"start": "2027-01-11T09:00:00.000Z", "seatsTotal": 5, "seatsRemaining": 0},
            {"start": "2027-01-11T09:30:00.000Z", "seatsTotal": 5, "seatsRemaining": 2},
        ],
        "2027-01-13": [],
    }

    found = ends("slots", data)

    assert found == Listed(
        (
            Slot(datetime(2027, 1, 11, 9, tzinfo=UTC), None, 5, 0),
            Slot(datetime(2027, 1, 11, 9, 30, tzinfo=UTC), None, 5, 2),
            Slot(datetime(2027, 1, 11, 11, tzinfo=UTC), datetime(2027, 1, 11, 12, tzinfo=UTC)),
            Slot(datetime(2027, 1, 12, 8, tzinfo=UTC), None),
        )
    )


@pytest.mark.parametrize("data", [{}, [], {"2027-01-11": []}])
def test_no_slots(data: object) -> None:
    assert ends("slots", data) == Listed(())


@pytest.mark.parametrize(
    ("seats", "expected"),
    [
        ({"seatsTotal": 5, "seatsRemaining": 5}, (5, 5)),
        ({"seatsTotal": 5, "seatsRemaining": 0}, (5, 0)),
        ({"seatsTotal": 5, "seatsRemaining": -1}, (5, 0)),
        ({"seatsTotal": -5, "seatsRemaining": -(2**31) + 1}, (None, 0)),
        ({"seatsTotal": 5, "seatsRemaining": 6}, (5, None)),
        ({"seatsTotal": 0, "seatsRemaining": 3}, (None, 3)),
        ({"seatsTotal": 2**31 - 1, "seatsRemaining": 2**31 - 1}, (None, None)),
        ({"seatsTotal": 5, "seatsRemaining": None}, (5, None)),
        ({}, (None, None)),
    ],
)
def test_seats(seats: dict[str, Any], expected: tuple[int | None, int | None]) -> None:
    found = ends("slots", {"2027-01-11": [{"start": "2027-01-11T09:00:00.000Z"} | seats]})
    (slot,) = found.entries
    assert (slot.seats_total, slot.seats_remaining) == expected


@pytest.mark.parametrize(
    "data",
    [None, [None], ["2027-01-11T08:00:00.000Z"], "2027-01-11", 7],
)
def test_slots_of_unknown_shape_are_an_error(data: object) -> None:
    assert ends("slots", data) == "Unavailable unknown_shape"


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {},
        "09:00",
        7,
        ["2027-01-11T08:00:00.000Z"],
        {"start": None},
        {"start": "9999-12-31T23:59:59Z"},
        {"start": "2027-01-11T11:00:00.000Z", "end": 7},
        {"start": "2027-01-11T11:00:00.000Z", "end": "2027-01-11T10:00:00.000Z"},
        {"start": "2027-01-11T11:00:00.000Z", "seatsRemaining": "2"},
        {"start": "2027-01-11T11:00:00.000Z", "seatsRemaining": True},
    ],
)
def test_odd_slot_is_left_out(odd: object, caplog: pytest.LogCaptureFixture) -> None:
    nine = "2027-01-11T09:00:00.000Z"
    expected = (Slot(datetime(2027, 1, 11, 9, tzinfo=UTC), None),)
    assert ends("slots", {"2027-01-11": [odd, {"start": nine}]}) == Listed(expected, 1)
    assert ends("slots", {"2027-01-11": [nine], "2027-01-12": [odd]}) == Listed(expected, 1)
    assert [text.partition(";")[0] for text in caplog.messages] == [
        "cal.com sent slots that cannot be read: 1"
    ] * 2


@pytest.mark.parametrize("day", [None, {"start": "2027-01-11T08:00:00.000Z"}, "2027-01-11"])
def test_odd_day_is_left_out(day: object) -> None:
    eight = "2027-01-12T08:00:00.000Z"
    found = ends("slots", {"2027-01-11": day, "2027-01-12": [eight]})
    assert ([one.start.day for one in found.entries], found.unread) == ([12], 1)
