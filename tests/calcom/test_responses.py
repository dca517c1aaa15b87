"""Responses that the recordings do not contain: proxies, the edge, future and broken versions."""

import json
import time
from typing import Any

import pytest

from dashboard.calcom import CalcomError
from tests.calcom.calls import RATED, READS, VERBS, each, outcome, read, response

NO_HOST_LEFT = (
    "Can't reserve the slot because the round robin event type has no available hosts"
    " left at this time slot."
)
PAGE = "<!doctype html><title>Attention Required!</title>"
UNRATED: dict[str, str] = {}  # not from cal.com's limiter
NULL = '{"status":"success","data":null}'


def envelope(message: object, code: str = "SomeException", **more: Any) -> str:
    return json.dumps({"status": "error", "error": {"code": code, "message": message, **more}})


def plain(status: int, message: object = "no") -> str:
    return json.dumps({"statusCode": status, "message": message})


# The error of a write, the error of a read, and responses: status, body, headers.
ODD: list[tuple[str, str, list[tuple[int, str, dict[str, str]]]]] = [
    (
        "Unavailable key_rejected",
        "Unavailable key_rejected",
        [
            (401, PAGE, UNRATED),
            (401, "", RATED),
            (498, plain(498, "ACCESS_TOKEN_IS_EXPIRED"), RATED),
        ],
    ),
    (
        "Unavailable rate_limited",
        "Unavailable rate_limited",
        [(429, PAGE, UNRATED), (429, "", RATED)],
    ),
    (
        "Unavailable wrong_route",
        "Unavailable wrong_route",
        [
            (404, PAGE, UNRATED),
            (404, '{"detail":"Not Found"}', UNRATED),
            # a proxy adds rate headers
            (404, envelope("Cannot POST /v2/slots/reservations", "NotFoundException"), RATED),
        ],
    ),
    (
        "Unknown server_fault",
        "Unavailable server_fault",
        [
            *((status, PAGE, UNRATED) for status in (408, 500, 502, 503, 504, 520, 599)),
            (408, envelope("Request Timeout", "RequestTimeoutException"), RATED),
            (500, envelope("There was an error, please try again later."), RATED),
            (500, plain(500), RATED),
        ],
    ),
    (
        "Unknown not_json",
        "Unavailable not_json",
        [
            (403, PAGE, UNRATED),
            (404, PAGE, RATED),
            (204, "", RATED),
            (304, "", RATED),
        ],
    ),
    (
        "Unknown unknown_shape",
        "Unavailable unknown_shape",
        [
            (400, "null", RATED),
            (400, "[]", RATED),
            (422, '{"error":"no"}', RATED),
            (400, envelope(None), RATED),
            (400, plain(422), RATED),
            (400, NULL, RATED),
            (200, envelope("no"), RATED),
            (200, '{"status":"success","data":null,"error":{"code":"X","message":"no"}}', RATED),
            (200, '{"data":null}', RATED),
            (200, '{"status":"SUCCESS","data":null}', RATED),
            (200, '{"status":true,"data":null}', RATED),
            (200, "[]", RATED),
            (200, '"success"', RATED),
            (202, NULL, RATED),
        ],
    ),
    (
        "Refused other_refusal",
        "Refused other_refusal",
        [
            *((status, plain(status), UNRATED) for status in (400, 409, 413, 415, 431)),
            (409, envelope("Conflict", "CONFLICT"), RATED),
            # of the future
            (402, envelope("Please upgrade your plan."), RATED),
            (422, envelope("Not on Sundays."), RATED),
            (403, envelope("Not you."), RATED),
            # from the database
            (404, envelope("Record not found", "NOT_FOUND"), RATED),
        ],
    ),
    ("Refused no_hosts", "Refused no_hosts", [(422, envelope(NO_HOST_LEFT), RATED)]),
    (
        "Refused unknown_event_type",
        "Refused unknown_event_type",
        # a proxy removes the rate headers
        [(404, envelope("Event Type with ID=7 not found", "NotFoundException"), UNRATED)],
    ),
]
CASES = [
    pytest.param(write, read_error, *case, id=f"{case[0]} {case[1][:60]}")
    for write, read_error, cases in ODD
    for case in cases
]


@pytest.mark.parametrize(("write_error", "read_error", "status", "body", "headers"), CASES)
def test_odd_response(
    write_error: str, read_error: str, status: int, body: str, headers: dict[str, str]
) -> None:
    errors = {verb: error_name(verb, status, body, headers) for verb in VERBS}

    assert errors == each(write_error, read_error)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (502, "<html>Bad Gateway</html>", ""),
        (401, "[]", ""),
        (500, envelope("There was an error"), "There was an error"),
        (200, "<html>", "The body is no JSON, or longer than an answer may be."),
        (418, "[]", "The body is neither of cal.com's errors."),
    ],
)
def test_words_are_added_only_where_the_status_tells_nothing(
    status: int, body: str, message: str
) -> None:
    with pytest.raises(CalcomError) as caught:
        read("get", response(status, body))

    assert caught.value.message == message


def test_only_delete_needs_no_data() -> None:
    errors = {verb: error_name(verb, 200, '{"status":"success"}') for verb in VERBS}

    assert errors.pop("delete") is None
    assert errors == {
        **dict.fromkeys(("reserve", "update"), "Unknown unknown_shape"),
        **dict.fromkeys(READS, "Unavailable unknown_shape"),
    }


def test_only_get_may_find_nothing() -> None:
    nothing = '{"status":"success","data":null,"new":1,"status":"success"}'

    assert error_name("get", 200, nothing) is None
    assert error_name("reserve", 201, nothing) == "Unknown unknown_shape"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Slot with uid=0a82208a not found", "NotFoundException"),
        ("Invalid Query: The requested record was not found.", "NOT_FOUND"),
    ],
)
def test_only_a_patch_fails_without_a_reservation(message: str, code: str) -> None:
    """GET and DELETE find nothing, also at a server that says so with a 404."""
    verbs = ("get", "update", "delete")
    errors = {verb: error_name(verb, 404, envelope(message, code)) for verb in verbs}

    assert errors == {"get": None, "update": "Refused unknown_reservation", "delete": None}


def test_only_429_says_how_long_to_wait() -> None:
    waits = {}
    for status in (429, 503):
        with pytest.raises(CalcomError) as caught:
            read("delete", response(status, PAGE, {"Retry-After": "7"}))
        waits[status] = caught.value.retry_after

    assert waits == {429: 7, 503: None}


@pytest.mark.parametrize("piece", ["w", " ", "a property is wrong,"])
def test_long_error_is_read_quickly(piece: str) -> None:
    received = response(400, envelope(piece * (1_000_000 // len(piece))))
    began = time.process_time()
    outcome(lambda: read("reserve", received))
    assert time.process_time() - began < 5


def test_malformed_fields_are_left_out() -> None:
    errors = [
        {"property": "slotStart", "constraints": {"a": "no", "b": {"value": "cal_secret"}}},
        {"property": 7, "constraints": {}},
        {"property": "x", "constraints": []},
        {"property": "nested", "children": [{"value": "cal_secret"}]},
        "text",
        None,
    ]
    body = envelope("Bad Request Exception", details={"errors": errors})

    with pytest.raises(CalcomError) as caught:
        read("reserve", response(400, body))

    assert [(one.field, one.messages) for one in caught.value.fields] == [
        ("slotStart", ("no",)),
        ("nested", ()),
    ]


def error_name(verb: str, status: int, body: str, headers: dict[str, str] = RATED) -> str | None:
    """Class and cause of the error; None for a value, which is None as well."""
    found: str | None = outcome(lambda: read(verb, response(status, body, headers)))
    return found
