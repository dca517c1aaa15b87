"""What is sent: one request for each call, with nothing that was not asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from dashboard.calcom import CalcomError, Client, FieldError
from tests.calcom.both_clients import BASE, KEY, START, UID, VERBS, Ask, told

RESERVATIONS = "/v2/slots/reservations"
EXPECTED = {
    "reserve": ("POST", RESERVATIONS, "2024-09-04"),
    "get": ("GET", f"{RESERVATIONS}/{UID}", "2024-09-04"),
    "update": ("PATCH", f"{RESERVATIONS}/{UID}", "2024-09-04"),
    "delete": ("DELETE", f"{RESERVATIONS}/{UID}", "2024-09-04"),
    "event_types": ("GET", "/v2/event-types", "2024-06-14"),
    "event_type": ("GET", "/v2/event-types/1", "2024-06-14"),
    "slots": (
        "GET",
        "/v2/slots?eventTypeId=1&start=2027-01-11T09%3A00%3A00.000Z"
        "&end=2027-01-12T09%3A00%3A00.000Z&format=range",
        "2024-09-04",
    ),
}
Sent = Callable[..., httpx.Request]


@pytest.fixture
def sent(asked: Ask) -> Sent:
    """The one request that a call makes."""

    def request(verb: str, **keywords: Any) -> httpx.Request:
        seen: list[httpx.Request] = []

        def note(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(500)

        with pytest.raises(CalcomError):
            asked(verb, transport=httpx.MockTransport(note), **keywords)
        (only,) = seen
        return only

    return request


@pytest.mark.parametrize("verb", VERBS)
def test_each_call_has_its_method_address_version_and_key(verb: str, sent: Sent) -> None:
    request = sent(verb, **VERBS[verb])

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


@pytest.mark.parametrize("verb", VERBS)
def test_the_version_can_be_another(verb: str, sent: Sent) -> None:
    request = sent(verb, cal_api_version="2027-01-01", **VERBS[verb])

    assert request.headers["cal-api-version"] == "2027-01-01"


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
def test_the_base_may_have_a_path_and_a_last_slash(base: str, address: str, sent: Sent) -> None:
    assert str(sent("event_types", base_url=base).url) == address


@pytest.mark.parametrize("verb", ["reserve", "update"])
def test_what_is_left_out_is_not_sent(verb: str, sent: Sent) -> None:
    body = json.loads(sent(verb, **VERBS[verb]).content)

    assert body == {"eventTypeId": 1, "slotStart": "2027-01-11T09:00:00.000Z"}


@pytest.mark.parametrize("verb", ["reserve", "update"])
def test_durations_are_sent_in_minutes(verb: str, sent: Sent) -> None:
    request = sent(verb, **VERBS[verb], slot_duration=45, reservation_duration=0)

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
def test_a_moment_is_sent_in_utc_and_milliseconds(at: datetime, sent: Sent) -> None:
    body = json.loads(sent("reserve", event_type_id=1, slot_start=at).content)

    assert body["slotStart"] == "2027-07-01T08:00:30.123Z"


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller() -> None:
    with (
        Client(base_url=BASE, api_key=KEY, transport=httpx.MockTransport(_never)) as client,
        pytest.raises(ValueError, match=r"A moment needs an offset\."),
    ):
        client.reserve(event_type_id=1, slot_start=START.replace(tzinfo=None))


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
@pytest.mark.parametrize("verb", ["get", "update", "delete"])
def test_whatever_a_uid_holds_it_stays_one_segment(
    verb: str, uid: str, path: str, sent: Sent
) -> None:
    request = sent(verb, **VERBS[verb] | {"uid": uid})

    assert request.url.raw_path.decode() == f"{RESERVATIONS}/{path}"


@pytest.mark.parametrize("uid", ["", ".", "..", "a\x00b", "a\nb", "\ud800", "a\u202eb"])
@pytest.mark.parametrize("verb", ["get", "update", "delete"])
def test_a_uid_that_no_address_can_carry_is_refused_without_a_call(
    verb: str, uid: str, asked: Ask
) -> None:
    with pytest.raises(CalcomError) as caught:
        asked(verb, transport=httpx.MockTransport(_never), **VERBS[verb] | {"uid": uid})

    assert told(caught.value) == "Refused invalid"
    assert caught.value.fields == (FieldError("uid", ("uid cannot be part of an address",)),)
    assert caught.value.exchange.status is None


def test_an_end_at_midnight_does_not_ask_for_the_day_after(sent: Sent) -> None:
    asked_for: dict[str, Any] = {
        "start": datetime(2027, 1, 11, tzinfo=UTC),
        "time_zone": "Europe/Rome",
    }
    ends = {
        hour: sent(
            "slots", event_type_id=1, end=datetime(2027, 1, 12, hour, tzinfo=UTC), **asked_for
        )
        for hour in (0, 12)
    }

    assert {hour: dict(request.url.params) for hour, request in ends.items()} == {
        0: _slots("2027-01-11T23:59:59.000Z"),
        12: _slots("2027-01-12T12:00:00.000Z"),
    }


def test_slots_for_a_length(sent: Sent) -> None:
    request = sent("slots", **VERBS["slots"], duration=45)

    assert request.url.params["duration"] == "45"


def test_cookies_are_not_kept() -> None:
    seen = []

    def set_cookie(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("cookie"))
        body = b'{"status":"success","data":null}'
        return httpx.Response(200, headers={"Set-Cookie": "uid=abc; Path=/"}, content=body)

    with Client(base_url=BASE, api_key=KEY, transport=httpx.MockTransport(set_cookie)) as client:
        client.get(uid=UID)
        client.get(uid=UID)

    assert seen == [None, None]


@pytest.mark.parametrize("key", ["", "cal_ü", "cal_a b", "cal_a\n", "cal_a\r\nX: y"])
def test_a_key_that_no_header_can_carry_is_a_mistake_of_the_caller(key: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        Client(base_url=BASE, api_key=key)

    assert not key or key not in str(caught.value)


def _slots(end: str) -> dict[str, str]:
    return {
        "eventTypeId": "1",
        "start": "2027-01-11T00:00:00.000Z",
        "end": end,
        "format": "range",
        "timeZone": "Europe/Rome",
    }


def _never(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"{request.method} was sent")
