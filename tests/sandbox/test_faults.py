"""Faults: which calls they strike, what was done by then, and what the caller gets."""

import uuid
from datetime import timedelta

import httpx
import pytest

from dashboard.sandbox import Sandbox
from tests.sandbox.api import MONDAY, ONE, RESERVATIONS, body, client, hold
from tests.waiting import PATIENCE, wait_for


def post(sandbox: Sandbox, start: str = "11T09:00") -> httpx.Response:
    with client(sandbox) as caller:
        return caller.post(RESERVATIONS, json=body(start))


@pytest.mark.parametrize("kind", ["drop", "reset"])
@pytest.mark.parametrize(("when", "rows"), [("before", 0), ("after", 1)])
def test_connection_is_closed_without_an_answer(
    sandbox: Sandbox, kind: str, when: str, rows: int
) -> None:
    sandbox.faults.add(kind, when=when, method="POST")
    with pytest.raises(httpx.NetworkError if kind == "reset" else httpx.RemoteProtocolError):
        post(sandbox)
    assert len(sandbox.rows()) == rows
    assert [seen.status for seen in sandbox.calls()] == [None]


def test_connection_is_closed_in_the_middle_of_the_answer(sandbox: Sandbox) -> None:
    sandbox.faults.add("drop", when="during", method="POST")
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        post(sandbox)
    assert len(sandbox.rows()) == 1


@pytest.mark.parametrize(
    ("kind", "when", "status", "rows"),
    [
        ("429", None, 429, 0),
        ("500", None, 500, 0),
        ("500", "after", 500, 1),
        ("500-bare", None, 500, 0),
        ("500-bare", "after", 500, 1),
        ("502", None, 502, 1),
        ("502", "before", 502, 0),
        ("503", None, 503, 0),
        ("html", None, 200, 1),
        ("html", "before", 200, 0),
        ("truncated", None, 201, 1),
    ],
)
def test_answer_is_replaced_before_or_after_the_write(
    sandbox: Sandbox, kind: str, when: str | None, status: int, rows: int
) -> None:
    sandbox.faults.add(kind, when=when)
    answer = post(sandbox)
    assert (answer.status_code, len(sandbox.rows())) == (status, rows)


def test_replaced_answers_have_the_form_of_cal_com_or_a_proxy(sandbox: Sandbox) -> None:
    sandbox.faults.add("429", seconds=42)
    throttled = post(sandbox)
    assert throttled.json()["error"]["code"] == "ThrottlerException"
    assert throttled.headers["X-RateLimit-Remaining-Default"] == "0"
    assert throttled.headers["X-RateLimit-Reset-Default"] == "42"
    sandbox.faults.add("502")
    proxied = post(sandbox)
    assert proxied.headers["Content-Type"] == "text/html"
    assert "X-Request-Id" not in proxied.headers
    sandbox.remove_reservations()
    sandbox.faults.add("truncated")
    cut = post(sandbox)
    assert cut.text.startswith('{"status":"success","data":{"eventTypeId":1')
    with pytest.raises(ValueError, match="Unterminated"):
        cut.json()


@pytest.mark.parametrize("when", ["before", "after"])
def test_error_of_the_database_is_counted_and_has_the_envelope(sandbox: Sandbox, when: str) -> None:
    sandbox.set_limit("cal_ownerfast0123456789", 120)
    sandbox.faults.add("500", when=when)
    failed, following = post(sandbox), post(sandbox)
    assert failed.json() == {
        "status": "error",
        "timestamp": failed.json()["timestamp"],
        "path": RESERVATIONS,
        "error": {
            "code": "INTERNAL_SERVER_ERROR",
            "message": "There was an error, please try again later.",
        },
    }
    rates = [each.headers["X-RateLimit-Remaining-Default"] for each in (failed, following)]
    assert rates == ["119", "118"]
    assert uuid.UUID(failed.headers["X-Request-Id"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_error_of_redis_is_bare(sandbox: Sandbox, when: str) -> None:
    sandbox.faults.add("500-bare", when=when)
    answer = post(sandbox)
    assert (answer.status_code, answer.text) == (
        500,
        '{"statusCode":500,"message":"Internal server error"}',
    )
    assert [name for name in answer.headers if name.startswith("x-r")] == []


@pytest.mark.parametrize(("when", "rows_meanwhile"), [("before", 0), ("after", 1)])
def test_delayed_call_is_done_though_the_caller_left(
    sandbox: Sandbox, when: str, rows_meanwhile: int
) -> None:
    sandbox.faults.add("delay", when=when, seconds=PATIENCE)
    timeout = httpx.Timeout(PATIENCE, read=0.3)
    with client(sandbox) as caller, pytest.raises(httpx.ReadTimeout):
        caller.post(RESERVATIONS, json=body("11T09:00"), timeout=timeout)
    wait_for(lambda: len(sandbox.rows()) == rows_meanwhile)
    sandbox.faults.clear()
    wait_for(lambda: len(sandbox.calls()) == 1)
    assert len(sandbox.rows()) == 1, "cal.com does its work though the caller has left"


def test_fault_strikes_matching_calls_until_it_is_spent(sandbox: Sandbox) -> None:
    number = sandbox.faults.add("500", method="GET", route=ONE, skip=1, count=2)
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        statuses = [caller.get(f"{RESERVATIONS}/{uid}").status_code for _ in range(5)]
        elsewhere = caller.delete(f"{RESERVATIONS}/{uid}").status_code
    assert statuses == [200, 500, 500, 200, 200]
    assert elsewhere == 200
    assert sandbox.faults.hits(number) == 2


def test_fault_without_count_stays_until_it_is_cleared(sandbox: Sandbox) -> None:
    number = sandbox.faults.add("500", count=None)
    with client(sandbox) as caller:
        assert {caller.get(f"{RESERVATIONS}/x").status_code for _ in range(4)} == {500}
        sandbox.faults.clear(number)
        assert caller.get(f"{RESERVATIONS}/x").status_code == 200


def test_stranger_takes_the_slot_asked_for(sandbox: Sandbox) -> None:
    sandbox.faults.add("stranger", method="POST")
    answer = post(sandbox)
    assert answer.status_code == 422
    assert "already reserved by another user" in answer.text
    assert [row.start for row in sandbox.rows()] == [MONDAY + timedelta(hours=9)]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_stranger_takes_the_slot_just_given_up(sandbox: Sandbox, method: str) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        sandbox.faults.add("stranger", when="after", method=method, minutes=30)
        path = f"{RESERVATIONS}/{uid}"
        away = caller.request(method, path, json=body("12T09:00"))
        assert away.status_code == 200
        back = caller.post(RESERVATIONS, json=body("11T09:00"))
    assert back.status_code == 422
    stranger = sandbox.rows()[-1]
    assert stranger.uid != uid
    assert stranger.start == MONDAY + timedelta(hours=9)


def test_stranger_books_the_slot(sandbox: Sandbox) -> None:
    sandbox.faults.add("stranger-books", method="POST")
    assert "already booked" in post(sandbox).text


def test_stranger_takes_the_slot_that_the_fault_names(sandbox: Sandbox) -> None:
    noon = MONDAY + timedelta(hours=12)
    sandbox.faults.add("stranger", event_type_id=4, slot_start=noon)
    assert post(sandbox).status_code == 201
    assert {(row.event_type_id, row.start) for row in sandbox.rows()} == {
        (1, MONDAY + timedelta(hours=9)),
        (4, noon),
    }


@pytest.mark.parametrize(
    ("kind", "when"),
    [("429", "after"), ("truncated", "before"), ("delay", "during"), ("flood", "")],
)
def test_impossible_fault_is_refused(sandbox: Sandbox, kind: str, when: str) -> None:
    with pytest.raises(ValueError, match=kind):
        sandbox.faults.add(kind, when=when or None)
    assert sandbox.faults.all() == []


def test_unknown_route_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no such route"):
        sandbox.faults.add("500", route="/v2/slots/reservation")


def test_shifted_clock_shows_in_date_header_and_holds(sandbox: Sandbox) -> None:
    before = post(sandbox, "11T09:00")
    sandbox.clock.shift(90)
    after = post(sandbox, "11T10:00")
    ends = [answer.json()["data"]["reservationUntil"] for answer in (before, after)]
    assert ends[0] < ends[1]
    assert before.headers["Date"] != after.headers["Date"]
