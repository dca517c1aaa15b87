"""Requests: one for each call, with nothing that was not asked for."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from dashboard.calcom import endpoints
from dashboard.calcom.endpoints import Access
from dashboard.calcom.errors import FieldError
from dashboard.calcom.pending_call import PendingCall
from tests.calcom.calls import BASE, KEY, START, UID, VERBS, call_of, named

RESERVATIONS = "/v2/slots/reservations"
WITH_UID = ("get", "update", "delete")
EXPECTED = {
    "reserve": ("POST", RESERVATIONS, "2024-09-04"),
    "get": ("GET", f"{RESERVATIONS}/{UID}", "2024-09-04"),
    "update": ("PATCH", f"{RESERVATIONS}/{UID}", "2024-09-04"),
    "delete": ("DELETE", f"{RESERVATIONS}/{UID}", "2024-09-04"),
    "event_types": ("GET", "/v2/event-types", "2024-06-14"),
    "event_type": ("GET", "/v2/event-types/1", "2024-06-14"),
    "team_event_types": ("GET", "/v2/teams/1/event-types", "2024-06-14"),
    "teams": ("GET", "/v2/teams", "2024-06-14"),
    "slots": (
        "GET",
        "/v2/slots?eventTypeId=1&start=2027-01-11T09%3A00%3A00.000Z"
        "&end=2027-01-12T09%3A00%3A00.000Z&format=range",
        "2024-09-04",
    ),
}


def sent(verb: str, *, base_url: str = BASE, **keywords: Any) -> httpx.Request:
    return call_of(verb, **keywords).request(Access(base_url, KEY))


@pytest.mark.parametrize("verb", VERBS)
def test_request_of_each_endpoint(verb: str) -> None:
    request = sent(verb)

    method, target, version = EXPECTED[verb]
    body = {"content-length", "content-type"} if verb in {"reserve", "update"} else set()
    assert (request.method, request.url.raw_path.decode()) == (method, target)
    assert dict(request.headers) == {
        "host": "cal.test",
        "authorization": f"Bearer {KEY}",
        "cal-api-version": version,
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "Holdfast",
        **{name: request.headers[name] for name in body},
    }
    assert request.headers.get("content-type") == ("application/json" if body else None)


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://api.cal.com", "https://api.cal.com/v2/event-types"),
        ("https://api.cal.com/", "https://api.cal.com/v2/event-types"),
        ("https://cal.example.org/api", "https://cal.example.org/api/v2/event-types"),
        ("https://cal.example.org/api//", "https://cal.example.org/api/v2/event-types"),
        ("http://127.0.0.1:5555", "http://127.0.0.1:5555/v2/event-types"),
        ("http://[::1]:5555/api", "http://[::1]:5555/api/v2/event-types"),
    ],
)
def test_base_url_may_have_a_path_and_a_final_slash(base: str, address: str) -> None:
    assert str(sent("event_types", base_url=base).url) == address


def test_user_name_is_part_of_the_query() -> None:
    request = sent("event_types", username="a b&c/é")
    assert request.url.raw_path == b"/v2/event-types?username=a+b%26c%2F%C3%A9"


@pytest.mark.parametrize("verb", ["reserve", "update"])
def test_omitted_fields_are_not_sent(verb: str) -> None:
    body = json.loads(sent(verb).content)

    assert body == {"eventTypeId": 1, "slotStart": "2027-01-11T09:00:00.000Z"}


@pytest.mark.parametrize("verb", ["reserve", "update"])
def test_durations_are_sent_in_minutes(verb: str) -> None:
    request = sent(verb, slot_duration=45, reservation_duration=0)

    assert json.loads(request.content) == {
        "eventTypeId": 1,
        "slotStart": "2027-01-11T09:00:00.000Z",
        "slotDuration": 45,
        "reservationDuration": 0,
    }


@pytest.mark.parametrize(
    "at",
    [
        datetime(2027, 7, 1, 10, 0, 30, 123999, tzinfo=timezone(timedelta(hours=2))),
        datetime(2027, 7, 1, 10, 0, 30, 123456, tzinfo=ZoneInfo("Europe/Rome")),
        datetime(2027, 7, 1, 8, 0, 30, 123000, tzinfo=UTC),
    ],
)
def test_moment_is_sent_in_utc_and_milliseconds(at: datetime) -> None:
    body = json.loads(sent("reserve", event_type_id=1, slot_start=at).content)

    assert body["slotStart"] == "2027-07-01T08:00:30.123Z"


def test_moment_without_zone_raises_value_error() -> None:
    with pytest.raises(ValueError, match=r"A moment needs an offset\."):
        endpoints.reserve(event_type_id=1, slot_start=START.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("uid", "path"),
    [
        ("a/b", "a%2Fb"),
        ("../me", "..%2Fme"),
        ("a?b#c", "a%3Fb%23c"),
        ("a b", "a%20b"),
        ("50%", "50%25"),
        ("%2e%2e", "%252e%252e"),
        ("é", "%C3%A9"),
        ("...", "..."),
    ],
)
def test_uid_stays_one_segment(uid: str, path: str) -> None:
    paths = [sent(verb, uid=uid).url.raw_path.decode() for verb in WITH_UID]

    assert paths == [f"{RESERVATIONS}/{path}"] * 3


@pytest.mark.parametrize("uid", ["", ".", "..", "a\x00b", "a\nb", "\ud800", "a\u202eb"])
def test_uid_that_no_address_can_carry_is_refused(uid: str) -> None:
    for verb in WITH_UID:
        with pytest.raises(httpx.InvalidURL) as fault:
            sent(verb, uid=uid)
        error = PendingCall(call_of(verb, uid=uid), Access(BASE, KEY)).failed(fault.value)

        assert named(error) == "Refused invalid"
        assert error.fields == (FieldError("uid", ("uid cannot be part of an address",)),)
        assert error.exchange.status is None


def test_end_at_midnight_does_not_ask_for_the_next_day() -> None:
    start = datetime(2027, 1, 11, tzinfo=UTC)
    ends = {
        hour: sent(
            "slots", event_type_id=1, start=start, end=datetime(2027, 1, 12, hour, tzinfo=UTC)
        )
        for hour in (0, 12)
    }

    assert {hour: dict(request.url.params) for hour, request in ends.items()} == {
        0: slots_query("2027-01-11T23:59:59.000Z"),
        12: slots_query("2027-01-12T12:00:00.000Z"),
    }


def test_slots_for_a_length_in_a_time_zone() -> None:
    request = sent("slots", duration=45, time_zone="Asia/Kolkata")

    params = request.url.params
    assert (params["duration"], params["timeZone"]) == ("45", "Asia/Kolkata")


@pytest.mark.parametrize("key", ["", "cal_ü", "cal_a b", "cal_a\n", "cal_a\r\nX: y"])
def test_key_that_no_header_can_carry_raises_value_error(key: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        Access(BASE, key)

    assert not key or key not in str(caught.value)


def slots_query(end: str) -> dict[str, str]:
    return {
        "eventTypeId": "1",
        "start": "2027-01-11T00:00:00.000Z",
        "end": end,
        "format": "range",
    }
