"""Faults on demand: who meets them, what was done by then, and what the caller sees."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from dashboard.sandbox import Sandbox
from tests.sandbox.api import MONDAY, ONE, RESERVATIONS, body, client, hold
from tests.waiting import wait_for


def post(sandbox: Sandbox, start: str = "11T09:00") -> httpx.Response:
    with client(sandbox) as caller:
        return caller.post(RESERVATIONS, json=body(start))


@pytest.mark.parametrize("kind", ["drop", "reset"])
@pytest.mark.parametrize(("when", "rows"), [("before", 0), ("after", 1)])
def test_a_connection_ends_without_an_answer(
    sandbox: Sandbox, kind: str, when: str, rows: int
) -> None:
    sandbox.faults.add(kind, when=when, method="POST")
    with pytest.raises(httpx.NetworkError if kind == "reset" else httpx.RemoteProtocolError):
        post(sandbox)
    assert len(sandbox.rows()) == rows
    assert [seen.status for seen in sandbox.calls()] == [None]


def test_a_connection_ends_in_the_middle_of_the_answer(sandbox: Sandbox) -> None:
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
def test_an_answer_is_replaced_before_or_after_the_write(
    sandbox: Sandbox, kind: str, when: str | None, status: int, rows: int
) -> None:
    sandbox.faults.add(kind, when=when)
    answer = post(sandbox)
    assert (answer.status_code, len(sandbox.rows())) == (status, rows)


def test_each_answer_has_the_shape_that_cal_com_or_a_proxy_gives_it(sandbox: Sandbox) -> None:
    sandbox.faults.add("429", seconds=42)
    throttled = post(sandbox)
    assert throttled.json()["error"]["code"] == "ThrottlerException"
    assert throttled.headers["X-RateLimit-Remaining-Default"] == "0"
    assert throttled.headers["X-RateLimit-Reset-Default"] == "42"
    sandbox.faults.add("500")
    assert post(sandbox).json()["error"] == {
        "code": "INTERNAL_SERVER_ERROR",
        "message": "There was an error, please try again later.",
    }
    sandbox.faults.add("500-bare")
    assert post(sandbox).json() == {"statusCode": 500, "message": "Internal server error"}
    sandbox.faults.add("502")
    proxied = post(sandbox)
    assert proxied.headers["Content-Type"] == "text/html"
    assert "X-Request-Id" not in proxied.headers
    sandbox.remove_holds()
    sandbox.faults.add("truncated")
    cut = post(sandbox)
    assert cut.text.startswith('{"status":"success","data":{"eventTypeId":1')
    with pytest.raises(ValueError, match="Unterminated"):
        cut.json()


@pytest.mark.parametrize(("when", "rows_meanwhile"), [("before", 0), ("after", 1)])
def test_a_delay_outlasts_the_callers_patience(
    sandbox: Sandbox, when: str, rows_meanwhile: int
) -> None:
    sandbox.faults.add("delay", when=when, seconds=30)
    patience = httpx.Timeout(10, read=0.3)
    with client(sandbox) as caller, pytest.raises(httpx.ReadTimeout):
        caller.post(RESERVATIONS, json=body("11T09:00"), timeout=patience)
    wait_for(lambda: len(sandbox.rows()) == rows_meanwhile)
    sandbox.faults.clear()
    wait_for(lambda: len(sandbox.calls()) == 1)
    assert len(sandbox.rows()) == 1, "cal.com does its work though nobody waits any more"


def test_a_fault_waits_for_its_call_and_is_spent(sandbox: Sandbox) -> None:
    number = sandbox.faults.add("500", method="GET", route=ONE, skip=1, count=2)
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        statuses = [caller.get(f"{RESERVATIONS}/{uid}").status_code for _ in range(5)]
        elsewhere = caller.get("/v2/me").status_code
    assert statuses == [200, 500, 500, 200, 200]
    assert elsewhere == 200
    assert sandbox.faults.hits(number) == 2


def test_a_fault_without_a_count_stays_until_it_is_cleared(sandbox: Sandbox) -> None:
    number = sandbox.faults.add("500", count=None)
    with client(sandbox) as caller:
        assert {caller.get("/v2/me").status_code for _ in range(4)} == {500}
        sandbox.faults.clear(number)
        assert caller.get("/v2/me").status_code == 200


def test_a_stranger_takes_the_time_that_is_asked_for(sandbox: Sandbox) -> None:
    sandbox.faults.add("stranger", method="POST")
    answer = post(sandbox)
    assert answer.status_code == 422
    assert "already reserved by another user" in answer.text
    assert [row.start for row in sandbox.rows()] == [MONDAY + timedelta(hours=9)]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_stranger_takes_the_time_that_was_just_given_up(sandbox: Sandbox, method: str) -> None:
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


def test_a_stranger_books_the_time(sandbox: Sandbox) -> None:
    sandbox.faults.add("stranger-books", method="POST")
    assert "already booked" in post(sandbox).text


def test_a_stranger_takes_a_time_of_their_own_choice(sandbox: Sandbox) -> None:
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
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, kind: str, when: str) -> None:
    with pytest.raises(ValueError, match=kind):
        sandbox.faults.add(kind, when=when or None)
    assert sandbox.faults.all() == []


def test_a_route_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no such route"):
        sandbox.faults.add("500", route="/v2/slots/reservation")


def test_a_clock_that_goes_wrong_shows_in_date_and_in_holds(sandbox: Sandbox) -> None:
    before = post(sandbox, "11T09:00")
    sandbox.clock.shift(90)
    after = post(sandbox, "11T10:00")
    ends = [answer.json()["data"]["reservationUntil"] for answer in (before, after)]
    assert ends[0] < ends[1]
    assert before.headers["Date"] != after.headers["Date"]
