"""Good answers: read strictly what Holdfast decides by, kindly what it only shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.calcom import EventType, Kind, Slot
from tests.calcom.both_clients import UID, VERBS, Ask, answering, outcome

RESERVED = {
    "eventTypeId": 1,
    "slotStart": "2027-01-11T09:00:00.000Z",
    "slotEnd": "2027-01-11T10:00:00.000Z",
    "slotDuration": 60,
    "reservationUid": UID,
    "reservationDuration": 10,
    "reservationUntil": "2026-11-22T07:25:30.419Z",
}
TOGETHER = ("slotEnd", "slotDuration")  # of these one tells the other
CONSULT = {
    "id": 1,
    "title": "Consult",
    "slug": "consult",
    "lengthInMinutes": 60,
    "seats": {"disabled": True},
    "users": [{"name": "Owner", "username": "owner"}],
    "hidden": False,
}


def success(data: object) -> str:
    return json.dumps({"status": "success", "data": data})


def ends(verb: str, data: object, asked: Ask, **keywords: Any) -> Any:
    """The value, or how it ends."""
    found = outcome(
        lambda: asked(verb, transport=answering(200, success(data)), **VERBS[verb] | keywords)
    )
    return found if isinstance(found, str) else found.value


@pytest.mark.parametrize("verb", ["reserve", "update", "get"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, None) for key in RESERVED if key not in {"reservationDuration", *TOGETHER}),
        *((key, ["list"]) for key in RESERVED),
        *((key, value) for key in ("eventTypeId", "slotDuration") for value in ("1", True, 1.0)),
        ("slotDuration", 2**31),
        ("reservationDuration", "10"),
        ("reservationDuration", False),
        *(
            (key, value)
            for key in ("slotStart", "slotEnd", "reservationUntil")
            for value in (
                "2027-01-11T09:00:00",
                "2027-01-11",
                "2027-01-11 09:00:00Z",
                "2027-02-30T09:00:00Z",
                "9999-12-31T23:59:59-01:00",
                "tomorrow",
                1800000000,
                "",
            )
        ),
        ("slotEnd", "2027-01-11T08:59:59.999Z"),
        *(("reservationUid", value) for value in ("", " ", "a b", "ü", "a\x00", "u" * 201, 7)),
    ],
)
def test_a_reservation_of_another_shape_is_none(
    verb: str, key: str, value: object, asked: Ask
) -> None:
    data = RESERVED | {key: value}
    assert ends(verb, data, asked) == (
        "Unavailable unknown_shape" if verb == "get" else "Unknown unknown_shape"
    )


@pytest.mark.parametrize("changes", [{"eventTypeId": 2}, {"slotStart": "2027-01-11T09:00:00.001Z"}])
def test_a_write_has_to_answer_what_was_asked_and_a_read_finds_what_is_there(
    changes: dict[str, Any], asked: Ask
) -> None:
    found = {verb: ends(verb, RESERVED | changes, asked) for verb in ("reserve", "update", "get")}

    assert found["reserve"] == found["update"] == "Unknown unknown_shape"
    assert found["get"].reservation_uid == UID


@pytest.mark.parametrize("verb", ["reserve", "update", "get"])
@pytest.mark.parametrize("missing", [("slotEnd",), ("slotDuration",), ("reservationDuration",)])
def test_what_can_be_told_from_the_rest_may_be_missing(
    verb: str, missing: tuple[str, ...], asked: Ask
) -> None:
    """A hold whose answer was thrown away for it would stand where nobody can give it back."""
    left_out = {key: value for key, value in RESERVED.items() if key not in missing}
    for data in (left_out, left_out | dict.fromkeys(missing)):
        found = ends(verb, data, asked)
        assert (found.slot_end, found.slot_duration) == (datetime(2027, 1, 11, 10, tzinfo=UTC), 60)


@pytest.mark.parametrize("length", [None, 2**31 - 1])
def test_a_slot_of_no_end_is_none(length: int | None, asked: Ask) -> None:
    late = {"slotStart": "9999-01-11T09:00:00.000Z", "slotEnd": None, "slotDuration": length}
    assert ends("get", RESERVED | late, asked) == "Unavailable unknown_shape"


@pytest.mark.parametrize("verb", ["update", "get"])
def test_a_reservation_of_another_uid_is_not_the_one_asked_for(verb: str, asked: Ask) -> None:
    other = RESERVED | {"reservationUid": UID.replace("1", "2")}
    assert ends(verb, other, asked) == (
        "Unavailable unknown_shape" if verb == "get" else "Unknown unknown_shape"
    )


@pytest.mark.parametrize("verb", ["reserve", "update"])
def test_another_length_than_asked_for_is_not_what_was_asked_for(verb: str, asked: Ask) -> None:
    assert ends(verb, RESERVED, asked, slot_duration=45) == "Unknown unknown_shape"
    assert ends(verb, RESERVED, asked, slot_duration=60).slot_duration == 60


@pytest.mark.parametrize(
    "start",
    [
        "2027-01-11T09:00:00Z",
        "2027-01-11T10:00:00.000+01:00",
        "2027-01-11T10:00:00+0100",
        "2027-01-11T09:00:00.000000Z",
        "2027-01-11T09:00:00.000000000Z",
    ],
)
def test_an_offset_is_turned_into_utc(start: str, asked: Ask) -> None:
    found = ends("reserve", RESERVED | {"slotStart": start, "future": {"key": 1}}, asked)

    assert found.slot_start == datetime(2027, 1, 11, 9, tzinfo=UTC)
    assert found.slot_start.tzinfo is UTC


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"title": None}, {"title": "consult"}),
        ({"title": " \x00 ", "slug": None}, {"title": "#1", "slug": ""}),
        ({"title": "Ko\ud800mm\x1b"}, {"title": "Ko mm"}),
        ({"hidden": True}, {"hidden": True}),
        ({"hidden": None}, {}),
        ({"seats": None}, {}),
        (
            {"seats": {"disabled": False, "seatsPerTimeSlot": 5}},
            {"kind": Kind.SEATED, "seats_per_time_slot": 5},
        ),
        ({"seats": {"seatsPerTimeSlot": 5}}, {"kind": Kind.SEATED, "seats_per_time_slot": 5}),
        ({"schedulingType": None}, {}),
        ({"schedulingType": "roundRobin"}, {"kind": Kind.ROUND_ROBIN}),
        ({"schedulingType": "ROUND_ROBIN"}, {"kind": Kind.ROUND_ROBIN}),
        ({"schedulingType": "collective"}, {"kind": Kind.COLLECTIVE}),
        ({"schedulingType": "managed"}, {"kind": Kind.MANAGED}),
        ({"schedulingType": "psychic"}, {"kind": Kind.OTHER}),
        (
            {"schedulingType": "roundRobin", "seats": {"seatsPerTimeSlot": 2}},
            {"kind": Kind.ROUND_ROBIN, "seats_per_time_slot": 2},
        ),
        ({"lengthInMinutesOptions": [45, 15, 15]}, {"length_options": (15, 45)}),
        ({"lengthInMinutesOptions": None}, {}),
        ({"users": None}, {"owners": ()}),
        ({"users": ["1", {"name": None, "username": "mate"}, 7]}, {"owners": ("1", "mate")}),
        ({"users": [], "hosts": [{"name": "Mate"}]}, {"owners": ("Mate",)}),
    ],
)
def test_an_event_type(changes: dict[str, Any], expected: dict[str, Any], asked: Ask) -> None:
    plain: dict[str, Any] = {
        "id": 1,
        "title": "Consult",
        "slug": "consult",
        "kind": Kind.INDIVIDUAL,
        "length_in_minutes": 60,
        "length_options": (),
        "seats_per_time_slot": None,
        "hidden": False,
        "owners": ("Owner",),
    }
    assert ends("event_type", CONSULT | changes, asked) == EventType(**plain | expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 2},
        {"id": None},
        {"id": "1"},
        {"lengthInMinutes": None},
        {"lengthInMinutes": "60"},
        {"lengthInMinutesOptions": "15,30"},
        {"lengthInMinutesOptions": [15, "30"]},
        {"seats": {"seatsPerTimeSlot": "5"}},
    ],
)
def test_an_event_type_of_another_shape_is_none(changes: dict[str, Any], asked: Ask) -> None:
    assert ends("event_type", CONSULT | changes, asked) == "Unavailable unknown_shape"


def test_event_types_come_by_title_without_dynamic_ones(asked: Ask) -> None:
    titles = {4: "beta", 2: "Alpha", 9: "alpha", 0: "Group Meeting", 7: "Über"}
    data = [CONSULT | {"id": number, "title": title} for number, title in titles.items()]

    assert [(one.id, one.title) for one in ends("event_types", data, asked)] == [
        (2, "Alpha"),
        (9, "alpha"),
        (4, "beta"),
        (7, "Über"),
    ]


@pytest.mark.parametrize("data", [None, {}, "", [None], [[]], [{}]])
def test_a_list_of_event_types_of_another_shape_is_none(data: object, asked: Ask) -> None:
    assert ends("event_types", data, asked) == "Unavailable unknown_shape"


def test_slots_are_sorted_and_kept_to_what_was_asked_for(asked: Ask) -> None:
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

    found = ends("slots", data, asked)

    assert found == (
        Slot(datetime(2027, 1, 11, 9, tzinfo=UTC), None, 5, 0),
        Slot(datetime(2027, 1, 11, 9, 30, tzinfo=UTC), None, 5, 2),
        Slot(datetime(2027, 1, 11, 11, tzinfo=UTC), datetime(2027, 1, 11, 12, tzinfo=UTC)),
        Slot(datetime(2027, 1, 12, 8, tzinfo=UTC), None),
    )
    assert [slot.is_free for slot in found] == [False, True, True, True]


@pytest.mark.parametrize("data", [{}, [], {"2027-01-11": []}])
def test_no_slots_are_none(data: object, asked: Ask) -> None:
    assert ends("slots", data, asked) == ()


@pytest.mark.parametrize(
    "data",
    [
        None,
        [None],
        ["2027-01-11T08:00:00.000Z"],
        {"2027-01-11": None},
        {"2027-01-11": {"start": "2027-01-11T08:00:00.000Z"}},
        {"2027-01-11": [None]},
        {"2027-01-11": [{}]},
        {"2027-01-11": ["09:00"]},
        {"2027-01-11": [{"start": "2027-01-11T08:00:00.000Z", "end": 7}]},
        {"2027-01-11": [{"start": "2027-01-11T08:00:00.000Z", "seatsRemaining": "2"}]},
    ],
)
def test_slots_of_another_shape_are_none(data: object, asked: Ask) -> None:
    assert ends("slots", data, asked) == "Unavailable unknown_shape"
