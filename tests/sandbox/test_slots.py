"""Free times: working hours, holds, seats, hosts, the cache and the purge beside it."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dashboard.sandbox import Booking, Sandbox
from tests.sandbox.api import RESERVATIONS, body, client, hold, starts

HOURS = ["08:00", "09:00", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]
NOW = datetime(2026, 11, 22, 7, 0, 0, 400_000, UTC)


@pytest.fixture(autouse=True)
def stopped_clock(sandbox: Sandbox) -> None:
    sandbox.clock.stop(NOW)


def later(sandbox: Sandbox, seconds: float) -> None:
    sandbox.clock.shift(seconds)


def without(*gone: str) -> list[str]:
    return [hour for hour in HOURS if hour not in gone]


def test_working_hours_follow_the_clocks_of_rome(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        winter = starts(caller, "2027-03-26")
        summer = starts(caller, "2027-03-29")
        local = starts(caller, "2027-03-29", timeZone="Europe/Rome")
    assert (winter[0], winter[-1]) == ("08:00", "15:00")
    assert (summer[0], summer[-1]) == ("07:00", "14:00")
    assert (local[0], local[-1]) == ("09:00", "16:00")


def test_zone_without_a_fixed_offset_never_writes_z(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        query = {"eventTypeId": 1, "start": "2027-01-11", "end": "2027-01-11"}
        london = caller.get("/v2/slots", params=query | {"timeZone": "Europe/London"})
    assert london.json()["data"]["2027-01-11"][0]["start"] == "2027-01-11T08:00:00.000+00:00"


@pytest.mark.parametrize(
    ("asked", "as_if"),
    [
        ({"duration": "30.9"}, {"duration": "30"}),
        ({"eventTypeId": "1x"}, {}),
        ({"format": ""}, {}),
        ({"end": "2027-01-11T00:00:00.500Z"}, {}),
        ({"timeZone": "GMT"}, {"timeZone": "UTC"}),
        ({"timeZone": "eUROPE/rome"}, {"timeZone": "Europe/Rome"}),
        ({"timeZone": "utc"}, {}),
        ({"start": "2027-01-11T10:00:00.500Z"}, {"start": "2027-01-11T10:00:00Z"}),
        ({"start": "2027-01-11T10:00:59Z"}, {"start": "2027-01-11T10:00:00Z"}),
        ({"start": "2027-01-11T10:01:00Z"}, {"start": "2027-01-11T11:00:00Z"}),
    ],
)
def test_lenient_values_are_accepted(
    sandbox: Sandbox, asked: dict[str, str], as_if: dict[str, str]
) -> None:
    query = {"eventTypeId": "1", "start": "2027-01-11", "end": "2027-01-11"}
    with client(sandbox) as caller:
        answers = [caller.get("/v2/slots", params=query | more) for more in (asked, as_if)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["data"]["2027-01-11"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"start": "2027-01-11 09:00:00Z"}, "Invalid start date"),
        ({"end": "2027-01-11T09:00:00z"}, "Invalid end date"),
        (
            {"start": "2027-02-30"},
            "start property is wrong,start must be a valid ISO 8601 date string ",
        ),
        (
            {"timeZone": "Factory"},
            "timeZone property is wrong,timeZone must be a valid IANA time-zone ",
        ),
    ],
)
def test_invalid_date_or_zone_is_refused(
    sandbox: Sandbox, asked: dict[str, str], words: str
) -> None:
    query = {"eventTypeId": "1", "start": "2027-01-11", "end": "2027-01-11"}
    with client(sandbox) as caller:
        answer = caller.get("/v2/slots", params=query | asked)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, words)


@pytest.mark.parametrize(
    ("zone", "first", "count"),
    [
        ("Asia/Kolkata", "14:00:00.000+05:30", 7),
        ("Asia/Kathmandu", "14:00:00.000+05:45", 7),
        ("Europe/Rome", "09:00:00.000+01:00", 8),
    ],
)
def test_grid_follows_the_zone_asked_for(
    sandbox: Sandbox, zone: str, first: str, count: int
) -> None:
    query = {"eventTypeId": 1, "start": "2027-01-11", "end": "2027-01-11", "timeZone": zone}
    with client(sandbox) as caller:
        days = caller.get("/v2/slots", params=query).json()["data"]
    slots = [slot["start"] for slots in days.values() for slot in slots]
    assert (slots[0], len(slots)) == (f"2027-01-11T{first}", count)


def test_negative_duration_is_a_grid_of_one_minute(sandbox: Sandbox) -> None:
    query = {"eventTypeId": 1, "start": "2027-01-11", "end": "2027-01-11", "duration": "-30"}
    with client(sandbox) as caller:
        days = caller.get("/v2/slots", params=query | {"format": "range"}).json()["data"]
    assert len(days["2027-01-11"]) == 8 * 60
    assert days["2027-01-11"][:2] == [
        {"start": "2027-01-11T08:00:00.000Z", "end": "2027-01-11T07:30:00.000Z"},
        {"start": "2027-01-11T08:01:00.000Z", "end": "2027-01-11T07:31:00.000Z"},
    ]


def test_booking_to_be_moved_frees_its_time(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        moving = starts(caller, "2027-01-13", bookingUidToReschedule="bk-fixed-1")
        unknown = starts(caller, "2027-01-13", bookingUidToReschedule="bk-fixed-9")
    assert (moving, unknown) == (without("13:00"), without("09:00", "13:00"))


def test_time_of_this_minute_is_not_listed_and_of_the_next_is(sandbox: Sandbox) -> None:
    sandbox.clock.stop(datetime(2027, 1, 11, 9, 59, 59, tzinfo=UTC))
    with client(sandbox) as caller:
        assert starts(caller, "2027-01-11")[0] == "10:00"
        sandbox.clock.shift(5)
        assert starts(caller, "2027-01-11")[0] == "11:00"


def test_past_of_today_is_not_listed(sandbox: Sandbox) -> None:
    sandbox.clock.stop(datetime(2027, 1, 11, 10, 20, tzinfo=UTC))
    with client(sandbox) as caller:
        assert starts(caller, "2027-01-11") == ["11:00", "12:00", "13:00", "14:00", "15:00"]
        half_hours = starts(caller, "2027-01-11", event_type=4)
    assert half_hours[0] == "10:30"


def test_booking_hides_its_time_on_every_event_type_of_its_host(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        assert starts(caller, "2027-01-13") == without("09:00", "13:00")
        assert starts(caller, "2027-01-13", event_type=22) == without("09:00", "13:00")
        assert starts(caller, "2027-01-13", event_type=20) == HOURS, "the other host is free"


def test_cancelled_booking_gives_its_time_back(sandbox: Sandbox) -> None:
    start = datetime(2027, 1, 13, 9, tzinfo=UTC)
    sandbox.add_booking(Booking("bk-fixed-1", 1, start, start + timedelta(hours=1), "cancelled"))
    with client(sandbox) as caller:
        assert starts(caller, "2027-01-13") == without("13:00")


def test_listing_is_two_seconds_old_at_most(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        assert starts(caller, "2027-01-11") == HOURS
        hold(caller, "11T09:00")
        later(sandbox, 1.9)
        assert starts(caller, "2027-01-11") == HOURS
        later(sandbox, 0.1)
        assert starts(caller, "2027-01-11") == without("09:00")


def test_hold_hides_its_time_for_the_host_on_all_event_types(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        hold(caller, "11T09:00", event_type=20)
        for event_type in (1, 20, 22):
            assert starts(caller, "2027-01-11", event_type=event_type) == without("09:00")
        assert starts(caller, "2027-01-11", event_type=5) == HOURS, "another host"


def test_expired_hold_is_purged_by_a_listing_of_its_own_event_type(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00", reservationDuration=1)
        later(sandbox, 60)
        shown = caller.get(f"{RESERVATIONS}/{uid}").json()["data"]
        assert shown["reservationUid"] == uid, "expired this moment and still there"
        starts(caller, "2027-01-12", event_type=4)
        assert len(sandbox.rows()) == 1, "another event type purges nothing"
        starts(caller, "2027-01-12")
        assert len(sandbox.rows()) == 1, "compared with the whole second: not yet"
        later(sandbox, 2)
        starts(caller, "2027-01-12")
        assert caller.get(f"{RESERVATIONS}/{uid}").json() == {"status": "success", "data": None}


def test_listing_from_the_cache_purges_nothing(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        starts(caller, "2027-01-12")
        hold(caller, "11T09:00", reservationDuration=-1)
        starts(caller, "2027-01-12")
        assert len(sandbox.rows()) == 1
        starts(caller, "2027-01-14")
        assert sandbox.rows() == []


def test_time_of_an_expired_hold_is_listed_up_to_a_second_late(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        hold(caller, "11T09:00", reservationDuration=1)
        later(sandbox, 60.1)
        assert starts(caller, "2027-01-11") == without("09:00")
        assert hold(caller, "11T09:00"), "while a reservation is possible at once"


def test_seats_are_counted_and_full_slots_stay_listed(sandbox: Sandbox) -> None:
    query = {"eventTypeId": 3, "start": "2027-01-13", "end": "2027-01-13"}
    with client(sandbox) as caller:
        hold(caller, "13T14:00", event_type=3)
        slots = caller.get("/v2/slots", params=query).json()["data"]["2027-01-13"]
    seats = {slot["start"][11:16]: slot["seatsRemaining"] for slot in slots}
    assert seats == dict.fromkeys(without("09:00"), 5) | {"13:00": 0, "14:00": 4}


def test_seat_does_not_hide_the_time_elsewhere(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        hold(caller, "11T09:00", event_type=3)
        assert starts(caller, "2027-01-11") == HOURS


def test_normal_hold_moved_to_a_seated_type_hides_the_whole_slot(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        assert caller.patch(f"{RESERVATIONS}/{uid}", json=body("11T13:00", 3)).status_code == 200
        assert starts(caller, "2027-01-11", event_type=3) == without("13:00")
    assert [row.is_seat for row in sandbox.rows()] == [False]


def test_hold_moved_to_a_stranger_still_blocks_the_old_host(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        assert caller.patch(f"{RESERVATIONS}/{uid}", json=body("11T13:00", 5)).status_code == 200
        assert starts(caller, "2027-01-11", event_type=5) == HOURS
        assert starts(caller, "2027-01-11") == without("13:00")


def test_empty_hold_also_blocks_the_slot_that_ends_at_it(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        hold(caller, "11T09:30", event_type=2, slotDuration=0)
        assert caller.post(RESERVATIONS, json=body("11T09:00", 2)).status_code == 422
        assert caller.post(RESERVATIONS, json=body("11T09:30", 2)).status_code == 422
        assert caller.post(RESERVATIONS, json=body("11T10:00", 2)).status_code == 201


def test_event_type_without_hosts_has_no_free_times(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        assert starts(caller, "2027-01-11", event_type=21) == []


def test_wrong_query_names_all_that_is_wrong(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        answer: httpx.Response = caller.get("/v2/slots?eventTypeId=1&start=x&foo=1&bar=2")
    assert answer.json()["error"]["message"] == (
        "foo property is wrong,property foo should not exist "
        ", bar property is wrong,property bar should not exist "
        ", start property is wrong,start must be a valid ISO 8601 date string "
        ", end property is wrong,end must be a valid ISO 8601 date string "
    )
