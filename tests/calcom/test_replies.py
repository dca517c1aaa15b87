"""Answers that the recordings do not hold: proxies, the edge, future and broken versions."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from dashboard.calcom import CalcomError
from tests.calcom.both_clients import READS, UID, VERBS, WRITES, Ask, answering, outcome

PAGE = "<!doctype html><title>Attention Required!</title>"
UNRATED: dict[str, str] = {}
FAULT, FAULT_READ = "Unknown server_fault", "Unavailable server_fault"
OTHER = "Refused other_refusal"


def envelope(message: object, code: str = "SomeException", **more: Any) -> str:
    return json.dumps({"status": "error", "error": {"code": code, "message": message, **more}})


def plain(status: int, message: object = "no") -> str:
    return json.dumps({"statusCode": status, "message": message})


# status, body, headers (None: with rate headers), how a write ends, how a read ends
ODD: list[tuple[str, int, str, dict[str, str] | None, str, str]] = [
    # by status, whatever the body
    ("401 page", 401, PAGE, UNRATED, "Unavailable key_rejected", "Unavailable key_rejected"),
    ("401", 401, "", None, "Unavailable key_rejected", "Unavailable key_rejected"),
    (
        "498",
        498,
        plain(498, "ACCESS_TOKEN_IS_EXPIRED"),
        None,
        "Unavailable key_rejected",
        "Unavailable key_rejected",
    ),
    ("429 page", 429, PAGE, UNRATED, "Unavailable rate_limited", "Unavailable rate_limited"),
    ("429 nothing", 429, "", None, "Unavailable rate_limited", "Unavailable rate_limited"),
    ("404 page", 404, PAGE, UNRATED, "Unavailable wrong_route", "Unavailable wrong_route"),
    (
        "404 of another API",
        404,
        '{"detail":"Not Found"}',
        UNRATED,
        "Unavailable wrong_route",
        "Unavailable wrong_route",
    ),
    *(
        (f"{status} page", status, PAGE, UNRATED, FAULT, FAULT_READ)
        for status in (500, 502, 503, 504, 520, 599)
    ),
    (
        "500 envelope",
        500,
        envelope("There was an error, please try again later."),
        None,
        "Unknown server_fault",
        "Unavailable server_fault",
    ),
    ("500 bare", 500, plain(500), None, "Unknown server_fault", "Unavailable server_fault"),
    # a body that does not tell
    ("403 page", 403, PAGE, UNRATED, "Unknown not_json", "Unavailable not_json"),
    ("408 page", 408, PAGE, UNRATED, "Unknown not_json", "Unavailable not_json"),
    ("404 page, rated", 404, PAGE, None, "Unknown not_json", "Unavailable not_json"),
    ("204", 204, "", None, "Unknown not_json", "Unavailable not_json"),
    ("304", 304, "", None, "Unknown not_json", "Unavailable not_json"),
    ("400 null", 400, "null", None, "Unknown unknown_shape", "Unavailable unknown_shape"),
    ("400 list", 400, "[]", None, "Unknown unknown_shape", "Unavailable unknown_shape"),
    (
        "422 of another API",
        422,
        '{"error":"no"}',
        None,
        "Unknown unknown_shape",
        "Unavailable unknown_shape",
    ),
    (
        "400 without words",
        400,
        envelope(None),
        None,
        "Unknown unknown_shape",
        "Unavailable unknown_shape",
    ),
    (
        "400 that says 422",
        400,
        plain(422),
        None,
        "Unknown unknown_shape",
        "Unavailable unknown_shape",
    ),
    (
        "400 that says success",
        400,
        '{"status":"success","data":null}',
        None,
        "Unknown unknown_shape",
        "Unavailable unknown_shape",
    ),
    *(
        (name, 200, body, None, "Unknown unknown_shape", "Unavailable unknown_shape")
        for name, body in (
            ("200 error", envelope("no")),
            ("200 without status", '{"data":null}'),
            ("200 status SUCCESS", '{"status":"SUCCESS","data":null}'),
            ("200 status true", '{"status":true,"data":null}'),
            ("200 list", "[]"),
            ("200 text", '"success"'),
        )
    ),
    (
        "202 success",
        202,
        '{"status":"success","data":null}',
        None,
        "Unknown unknown_shape",
        "Unavailable unknown_shape",
    ),
    # refusals in either of cal.com's shapes
    *(
        (f"{status} bare", status, plain(status), UNRATED, OTHER, OTHER)
        for status in (400, 409, 413, 415, 431)
    ),
    (
        "409 envelope",
        409,
        envelope("Conflict", "CONFLICT"),
        None,
        "Refused other_refusal",
        "Refused other_refusal",
    ),
    (
        "402 of the future",
        402,
        envelope("Please upgrade your plan."),
        None,
        "Refused other_refusal",
        "Refused other_refusal",
    ),
    (
        "422 of the future",
        422,
        envelope("Not on Sundays."),
        None,
        "Refused other_refusal",
        "Refused other_refusal",
    ),
    (
        "403 of the future",
        403,
        envelope("Not you."),
        None,
        "Refused other_refusal",
        "Refused other_refusal",
    ),
    (
        "422 no host left",
        422,
        envelope(
            "Can't reserve the slot because the round robin event type has no available hosts"
            " left at this time slot."
        ),
        None,
        "Refused no_hosts",
        "Refused no_hosts",
    ),
    (
        "404 of a reservation that went while it was changed",
        404,
        envelope("Invalid Query: The requested record was not found.", "NOT_FOUND"),
        None,
        "Refused unknown_reservation",
        "Refused unknown_reservation",
    ),
    (
        "404 from the database",
        404,
        envelope("Record not found", "NOT_FOUND"),
        None,
        "Refused other_refusal",
        "Refused other_refusal",
    ),
    (
        "404 of an object where the proxy takes the rate headers away",
        404,
        envelope("Event Type with ID=7 not found", "NotFoundException"),
        UNRATED,
        "Refused unknown_event_type",
        "Refused unknown_event_type",
    ),
    (
        "404 of a route where a proxy adds rate headers",
        404,
        envelope("Cannot POST /v2/slots/reservations", "NotFoundException"),
        None,
        "Unavailable wrong_route",
        "Unavailable wrong_route",
    ),
]


@pytest.mark.parametrize("odd", [pytest.param(one, id=one[0]) for one in ODD])
def test_an_odd_answer_ends_by_what_it_may_have_done(odd: Any, asked: Ask) -> None:
    _, status, body, headers, write, read = odd

    ends = {
        verb: outcome(
            partial(asked, verb, transport=answering(status, body, headers), **VERBS[verb])
        )
        for verb in VERBS
    }

    assert ends == {**dict.fromkeys(WRITES, write), **dict.fromkeys(READS, read)}


def test_delete_needs_no_data_and_the_others_do(asked: Ask) -> None:
    success = '{"status":"success"}'
    ends = {
        verb: outcome(partial(asked, verb, transport=answering(200, success), **VERBS[verb]))
        for verb in VERBS
        if verb != "delete"
    }

    assert asked("delete", uid=UID, transport=answering(200, success)).value is None
    assert ends == {
        **dict.fromkeys(("reserve", "update"), "Unknown unknown_shape"),
        **dict.fromkeys(READS, "Unavailable unknown_shape"),
    }


def test_success_and_an_error_in_one_are_neither(asked: Ask) -> None:
    both = '{"status":"success","data":null,"error":{"code":"X","message":"no"}}'
    ends = {
        verb: outcome(partial(asked, verb, transport=answering(200, both), **VERBS[verb]))
        for verb in VERBS
    }

    assert ends == {
        **dict.fromkeys(WRITES, "Unknown unknown_shape"),
        **dict.fromkeys(READS, "Unavailable unknown_shape"),
    }


def test_only_a_read_may_find_nothing(asked: Ask) -> None:
    nothing = '{"status":"success","data":null,"new":1,"status":"success"}'

    assert asked("get", uid=UID, transport=answering(200, nothing)).value is None
    assert outcome(
        lambda: asked("reserve", transport=answering(201, nothing), **VERBS["reserve"])
    ) == ("Unknown unknown_shape")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({}, 60),
        ({"X-RateLimit-Reset-Default": "33", "X-RateLimit-Remaining-Default": "0"}, 33),
        # by the clock of whoever wrote it, which need not be ours
        (
            {
                "Date": "Sun, 22 Nov 2020 07:15:30 GMT",
                "Retry-After": "Sun, 22 Nov 2020 07:16:00 GMT",
            },
            30,
        ),
    ],
)
def test_only_a_429_says_how_long_to_wait(
    headers: dict[str, str], seconds: int, asked: Ask
) -> None:
    waits = {}
    for status in (429, 503):
        with pytest.raises(CalcomError) as caught:
            asked("delete", uid=UID, transport=answering(status, PAGE, headers))
        waits[status] = caught.value.retry_after

    assert waits == {429: seconds, 503: None}


def test_fields_that_are_no_fields_do_no_harm(asked: Ask) -> None:
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
        asked("reserve", transport=answering(400, body), **VERBS["reserve"])

    assert [(one.field, one.messages) for one in caught.value.fields] == [
        ("slotStart", ("no",)),
        ("nested", ()),
    ]
