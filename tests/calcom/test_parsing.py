"""Values of good answers: strict where Holdfast decides by them, lenient where it shows them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.calcom import EventType, EventTypeKind, Host
from tests.calcom.calls import UID, ends

RESERVED = {
    "eventTypeId": 1,
    "slotStart": "2027-01-11T09:00:00.000Z",
    "slotEnd": "2027-01-11T10:00:00.000Z",
    "slotDuration": 60,
    "reservationUid": UID,
    "reservationDuration": 10,
    "reservationUntil": "2026-11-22T07:25:30.419Z",
}
TOGETHER = ("slotEnd", "slotDuration")  # one tells the other
CONSULT = {
    "id": 1,
    "title": "Consult",
    "slug": "consult",
    "lengthInMinutes": 60,
    "seats": {"disabled": True},
    "users": [{"id": 1, "name": "Owner", "username": "owner"}],
    "hidden": False,
}


UNKNOWN_SHAPES: list[tuple[str, object]] = [
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
            "9999-12-31T23:59:59Z",  # later still in a zone to the east
            "0001-01-01T00:00:00Z",
            "tomorrow",
            1800000000,
            "",
        )
    ),
    ("slotEnd", "2027-01-11T08:59:59.999Z"),
    *(
        ("reservationUid", value)
        for value in ("", ".", "..", " ", "a b", "ü", "a\x00", "u" * 201, 7)
    ),
]


def test_reservation_of_unknown_shape_is_an_error() -> None:
    for key, value in UNKNOWN_SHAPES:
        found = {verb: ends(verb, RESERVED | {key: value}) for verb in ("reserve", "update", "get")}
        assert found == {
            "reserve": "Unknown unknown_shape",
            "update": "Unknown unknown_shape",
            "get": "Unavailable unknown_shape",
        }, (key, value)


@pytest.mark.parametrize("changes", [{"eventTypeId": 2}, {"slotStart": "2027-01-11T09:00:00.001Z"}])
def test_write_must_answer_what_was_asked(changes: dict[str, Any]) -> None:
    found = {verb: ends(verb, RESERVED | changes) for verb in ("reserve", "update", "get")}

    assert found["reserve"] == found["update"] == "Unknown unknown_shape"
    assert found["get"].reservation_uid == UID


@pytest.mark.parametrize("verb", ["reserve", "update", "get"])
@pytest.mark.parametrize("missing", [("slotEnd",), ("slotDuration",), ("reservationDuration",)])
def test_redundant_fields_may_be_missing(verb: str, missing: tuple[str, ...]) -> None:
    """Rejecting such an answer would leave a reservation whose uid is lost."""
    left_out = {key: value for key, value in RESERVED.items() if key not in missing}
    for data in (left_out, left_out | dict.fromkeys(missing)):
        found = ends(verb, data)
        assert (found.slot_end, found.slot_duration) == (datetime(2027, 1, 11, 10, tzinfo=UTC), 60)


@pytest.mark.parametrize("claimed", [-30, 0, 2**31 - 1])
def test_length_is_that_from_start_to_end(claimed: int) -> None:
    found = ends("get", RESERVED | {"slotDuration": claimed})
    assert found.slot_duration == 60


@pytest.mark.parametrize("length", [None, 2**31 - 1, 10**9])
def test_slot_without_end_is_an_error(length: int | None) -> None:
    late = {"slotStart": "2999-01-11T09:00:00.000Z", "slotEnd": None, "slotDuration": length}
    assert ends("get", RESERVED | late) == "Unavailable unknown_shape"


@pytest.mark.parametrize("verb", ["update", "get"])
def test_reservation_of_another_uid_is_an_error(verb: str) -> None:
    other = RESERVED | {"reservationUid": UID.replace("1", "2")}
    assert ends(verb, other) == (
        "Unavailable unknown_shape" if verb == "get" else "Unknown unknown_shape"
    )


@pytest.mark.parametrize("verb", ["reserve", "update"])
def test_another_slot_duration_than_asked_for_is_an_error(verb: str) -> None:
    assert ends(verb, RESERVED, slot_duration=45) == "Unknown unknown_shape"
    assert ends(verb, RESERVED, slot_duration=60).slot_duration == 60


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
def test_moments_are_converted_to_utc(start: str) -> None:
    found = ends("reserve", RESERVED | {"slotStart": start, "future": {"key": 1}})

    assert found.slot_start == datetime(2027, 1, 11, 9, tzinfo=UTC)
    assert found.slot_start.tzinfo is UTC


EVENT_TYPES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"title": None}, {"title": "consult"}),
    ({"title": " \x00 ", "slug": None}, {"title": "#1", "slug": ""}),
    ({"title": "Ko\ud800mm\x1b"}, {"title": "Ko mm"}),
    ({"hidden": True}, {"hidden": True}),
    ({"hidden": None}, {}),
    ({"seats": None}, {}),
    (
        {"seats": {"disabled": False, "seatsPerTimeSlot": 5}},
        {"kind": EventTypeKind.SEATED, "seats_per_time_slot": 5},
    ),
    ({"seats": {"seatsPerTimeSlot": 5}}, {"kind": EventTypeKind.SEATED, "seats_per_time_slot": 5}),
    ({"schedulingType": None}, {}),
    ({"schedulingType": "roundRobin"}, {"kind": EventTypeKind.ROUND_ROBIN}),
    ({"schedulingType": "ROUND_ROBIN"}, {"kind": EventTypeKind.ROUND_ROBIN}),
    ({"schedulingType": "collective"}, {"kind": EventTypeKind.COLLECTIVE}),
    ({"schedulingType": "managed"}, {"kind": EventTypeKind.MANAGED}),
    ({"schedulingType": "psychic"}, {"kind": EventTypeKind.OTHER}),
    (
        {"schedulingType": "roundRobin", "seats": {"seatsPerTimeSlot": 2}},
        {"kind": EventTypeKind.ROUND_ROBIN, "seats_per_time_slot": 2},
    ),
    ({"lengthInMinutesOptions": [45, 15, 15]}, {"length_options": (15, 45)}),
    ({"lengthInMinutesOptions": None}, {}),
    ({"users": None}, {"hosts": ()}),
    (
        {"users": ["1", {"name": None, "username": "mate"}, 7]},
        {"hosts": (Host(None, "1", ""), Host(None, "mate", "mate"))},
    ),
    (
        {"users": [], "hosts": [{"userId": 2, "name": "Mate"}], "teamId": 1},
        {"hosts": (Host(2, "Mate", ""),), "team_id": 1},
    ),
    (
        {"users": [], "hosts": [{"userId": 2, "username": "mate", "mandatory": True}]},
        {"hosts": (Host(2, "mate", "mate", is_fixed=True),)},
    ),
]


def test_event_type() -> None:
    plain: dict[str, Any] = {
        "id": 1,
        "title": "Consult",
        "slug": "consult",
        "kind": EventTypeKind.INDIVIDUAL,
        "length_in_minutes": 60,
        "length_options": (),
        "seats_per_time_slot": None,
        "hidden": False,
        "hosts": (Host(1, "Owner", "owner"),),
    }
    for changes, expected in EVENT_TYPES:
        assert ends("event_type", CONSULT | changes) == EventType(**plain | expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 2},
        {"id": None},
        {"id": "1"},
        {"lengthInMinutes": None},
        *({"lengthInMinutes": length} for length in ("60", 0, -30, True, 60.5, 2**31 - 1)),
        {"lengthInMinutesOptions": "15,30"},
        *({"lengthInMinutesOptions": [15, length]} for length in ("30", 0, -30, None)),
        *({"seats": {"seatsPerTimeSlot": seats}} for seats in ("5", 0, -1, 2**31 - 1)),
    ],
)
def test_event_type_of_unknown_shape_is_an_error_or_left_out(
    changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert ends("event_type", CONSULT | changes) == "Unavailable unknown_shape"
    if changes != {"id": 2}:
        good = [CONSULT | {"id": number} for number in (4, 3)]
        found = ends("event_types", [good[0], CONSULT | changes, None, good[1]])
        assert ([one.id for one in found.entries], found.unread) == ([3, 4], 2)
        [message] = caplog.messages
        assert message.startswith("cal.com sent event types that cannot be read: 2; first: ")


def test_event_types_are_sorted_by_title_without_dynamic_and_managed_ones() -> None:
    titles = {4: "beta", 2: "Alpha", 9: "alpha", 0: "Group Meeting", 7: "Über"}
    data = [CONSULT | {"id": number, "title": title} for number, title in titles.items()]
    data.append(CONSULT | {"id": 3, "title": "Template", "schedulingType": "managed"})

    found = ends("event_types", data)
    named = [(one.id, one.title) for one in found.entries]
    assert named == [(2, "Alpha"), (9, "alpha"), (4, "beta"), (7, "Über")]
    assert found.unread == 0


@pytest.mark.parametrize("data", [None, {}, ""])
def test_event_types_of_unknown_shape_are_an_error(data: object) -> None:
    assert ends("event_types", data) == "Unavailable unknown_shape"


def test_teams_are_sorted_by_name_and_what_makes_no_sense_is_counted() -> None:
    data = [{"id": 2, "name": "Physio", "slug": "p"}, {"id": 1, "slug": "doctors"}, {"name": "x"}]
    found = ends("teams", data)
    assert [(team.id, team.name, team.slug) for team in found.entries] == [
        (1, "doctors", "doctors"),
        (2, "Physio", "p"),
    ]
    assert found.unread == 1
