"""HTTP as a client sees it: connections, bodies, headers, limits."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from dashboard.sandbox import Sandbox, http_server
from tests.sandbox.api import OWNER, RESERVATIONS, body, client, hold
from tests.waiting import PATIENCE, wait_for

NOTHING = f"{RESERVATIONS}/x"  # a reservation that does not exist: 200
SERVER_THREAD = re.compile("sandbox|process_request")
INPUT = json.dumps(body("11T09:00")).encode()


@contextmanager
def connected(sandbox: Sandbox) -> Iterator[socket.socket]:
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=PATIENCE) as raw:
        yield raw


def message(method: str, path: str, content: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in OWNER.items())]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


def everything(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65536), b""))


def test_idle_connection_is_closed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert http_server.Handler.timeout == 5
    monkeypatch.setattr(http_server.Handler, "timeout", 1)
    with connected(sandbox) as raw:
        raw.sendall(message("GET", NOTHING))
        answer = everything(raw)
    assert b"Keep-Alive: timeout=5\r\n" in answer


def test_one_connection_carries_many_calls(sandbox: Sandbox) -> None:
    with connected(sandbox) as raw:
        raw.sendall(message("GET", NOTHING) + message("GET", NOTHING, b"", "Connection: close"))
        answers = everything(raw)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b"Connection: keep-alive") == 1
    assert answers.count(b"Connection: close") == 1


@pytest.mark.parametrize("with_reset", [False, True])
def test_caller_who_leaves_after_sending_has_made_a_reservation(
    sandbox: Sandbox, with_reset: bool
) -> None:
    with connected(sandbox) as raw:
        if with_reset:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw.sendall(message("POST", RESERVATIONS, INPUT))
    wait_for(lambda: len(sandbox.rows()) == 1)
    with client(sandbox) as caller:
        assert caller.post(RESERVATIONS, json=body("11T09:00")).status_code == 422


def test_half_a_body_makes_no_reservation(sandbox: Sandbox) -> None:
    with connected(sandbox) as raw:
        raw.sendall(message("POST", RESERVATIONS, INPUT + b"     ")[:-5])  # JSON even so
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1) == b""
    assert sandbox.rows() == []


def test_client_that_closed_its_side_gets_no_answer(sandbox: Sandbox) -> None:
    delay = sandbox.faults.add("delay", when="between", method="POST", seconds=PATIENCE)
    with connected(sandbox) as raw:
        raw.sendall(message("POST", RESERVATIONS, INPUT))
        raw.shutdown(socket.SHUT_WR)
        sandbox.faults.clear(delay)
        assert raw.recv(1) == b""
    assert len(sandbox.rows()) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET\r\n\r\n",
        b"GET /v2/slots HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /v2/slots HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /v2/slots HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v2/slots HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_closed(sandbox: Sandbox, nonsense: bytes) -> None:
    with connected(sandbox) as raw:
        raw.sendall(nonsense)
        assert everything(raw) == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


def test_each_answer_has_its_own_request_id(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        first, second = (caller.get(f"{RESERVATIONS}/{uid}") for _ in range(2))
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert "Cache-Control" not in first.headers


@pytest.mark.parametrize(
    "text",
    ["{", "[1", '{"a":}', "nul", "{'a': 1}", '{"eventTypeId": NaN}', "[" * 100_000, " "],
)
def test_malformed_json_is_answered_before_authentication(sandbox: Sandbox, text: str) -> None:
    with client(sandbox) as caller:
        answer = caller.post(
            RESERVATIONS,
            content=text.encode(),
            headers={"Content-Type": "application/json", "Authorization": "Bearer cal_unknown"},
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequestException"
    assert answer.headers["X-Request-Id"] == "unknown-request-id"
    assert "X-RateLimit-Limit-Default" not in answer.headers


@pytest.mark.parametrize(
    ("content_type", "text", "status"),
    [
        ("application/json", b"\xef\xbb\xbf" + INPUT, 201),
        ("Application/JSON ; charset = UTF-8", INPUT, 201),
        ('application/json; charset="utf-8"; x=y', INPUT, 201),
        ("application/json; charset=utf-16le", INPUT.decode().encode("utf-16le"), 201),
        ("application/json", INPUT[:-1] + b', "x": "\xff"}', 201),
        ("application/json", b"\xef\xbb\xbf", 400),
        ("application/json;", INPUT, 400),
        ("application/json; charset=", INPUT, 400),
        ("application/json, text/plain", INPUT, 400),
        ("application/jsonp", INPUT, 400),
        ("text/plain", INPUT, 400),
        ("application/json; charset=utf8", INPUT, 415),
        ("application/json; charset=utf-8; charset=latin1", INPUT, 415),
    ],
)
def test_body_is_read_as_by_express(
    sandbox: Sandbox, content_type: str, text: bytes, status: int
) -> None:
    with client(sandbox) as caller:
        sent = caller.post(RESERVATIONS, content=text, headers={"Content-Type": content_type})
    assert sent.status_code == status
    if status == 400:  # no body at all, not a malformed one
        assert [each["target"] for each in sent.json()["error"]["details"]["errors"]] == [{}, {}]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"slotStart": "0000-01-01"}, 500, None),
        ({"slotStart": "0000-02-29T10:00:00Z"}, 500, None),
        ({"slotStart": "0000-02-30"}, 400, "BadRequestException"),
        ({"slotStart": "0001-01-01"}, 201, None),
        ({"eventTypeId": -(2**31)}, 404, "NotFoundException"),
        ({"eventTypeId": -(2**31) - 1}, 500, "INTERNAL_SERVER_ERROR"),
        ({"eventTypeId": 2**31 - 1}, 404, "NotFoundException"),
        ({"eventTypeId": 2**31}, 500, "INTERNAL_SERVER_ERROR"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_limits_of_the_database(
    sandbox: Sandbox, method: str, change: dict[str, Any], status: int, code: str | None
) -> None:
    with client(sandbox) as caller:
        path = f"{RESERVATIONS}/{hold(caller, '12T09:00')}" if method == "PATCH" else RESERVATIONS
        answer = caller.request(method, path, json=body("11T09:00") | change)
    assert answer.status_code == (200 if (method, status) == ("PATCH", 201) else status)
    assert answer.json().get("error", {}).get("code") == code
    assert answer.headers["X-RateLimit-Limit-Default"]


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1])
def test_event_type_beyond_32_bits_is_an_error_of_the_database(
    sandbox: Sandbox, number: int
) -> None:
    query = {"start": "2027-01-11", "end": "2027-01-11", "eventTypeId": str(number)}
    with client(sandbox) as caller:
        slots = caller.get("/v2/slots", params=query)
        one = caller.get(f"/v2/event-types/{number}", headers={"cal-api-version": "2024-06-14"})
    assert [slots.status_code, one.status_code] == [500, 500]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e300"])
def test_huge_numbers_are_refused(sandbox: Sandbox, number: str) -> None:
    content = (
        f'{{"eventTypeId":1,"slotStart":"2027-01-11T09:00:00Z","reservationDuration":{number}}}'
    )
    with client(sandbox) as caller:
        answer = caller.post(
            RESERVATIONS, content=content, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code in {400, 500}
    assert answer.json()["status"] == "error"
    assert sandbox.rows() == []


def test_calls_are_counted_by_credential(sandbox: Sandbox) -> None:
    sandbox.set_limit("cal_mate0123456789", 2)
    mate = OWNER | {"Authorization": "Bearer cal_mate0123456789"}
    with client(sandbox) as caller:
        statuses = [caller.get(NOTHING, headers=mate).status_code for _ in range(3)]
        other = caller.get(NOTHING, headers=OWNER).status_code
        wrong_route = caller.get("/v2/nothing", headers=mate)
        sandbox.clock.shift(60)
        later = caller.get(NOTHING, headers=mate)
    assert statuses == [200, 200, 429]
    assert other == 200
    assert wrong_route.status_code == 404
    assert "X-RateLimit-Limit-Default" not in wrong_route.headers
    assert (later.status_code, later.headers["X-RateLimit-Remaining-Default"]) == (200, "1")


@pytest.mark.parametrize("path", ["/health", "/v2/me", "/v2/bookings", "/v2/teams", "/", "//x/y"])
def test_other_routes_do_not_exist(sandbox: Sandbox, path: str) -> None:
    with connected(sandbox) as raw:
        raw.sendall(message("GET", path, b"", "Connection: close"))
        head, _, content = everything(raw).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert json.loads(content)["error"]["message"].startswith("Cannot GET /")


def test_many_connections_at_once_are_answered(sandbox: Sandbox) -> None:
    with ExitStack() as stack:
        raws = [stack.enter_context(connected(sandbox)) for _ in range(300)]
        for raw in raws:
            raw.sendall(message("GET", NOTHING, b"", "Connection: close"))
        assert all(everything(raw).startswith(b"HTTP/1.1 200 OK") for raw in raws)


def test_clients_that_vanish_do_no_harm(sandbox: Sandbox) -> None:
    pieces = [b"", b"GET", message("POST", RESERVATIONS, INPUT)[:-1], message("GET", NOTHING)]
    for number in range(100):
        with connected(sandbox) as raw:
            if number % 2:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.sendall(pieces[number % len(pieces)])
    with client(sandbox) as caller:
        assert caller.get(NOTHING).status_code == 200
    assert sandbox.rows() == []


def test_stop_ends_calls_under_way_and_frees_the_port(sandbox: Sandbox) -> None:
    sandbox.faults.add("delay", seconds=2 * PATIENCE)
    with ExitStack() as stack:
        raws = [stack.enter_context(connected(sandbox)) for _ in range(50)]
        raws[0].sendall(message("GET", NOTHING))
        wait_for(lambda: sandbox.faults.hits(1) == 1)
        url = sandbox.url
        began = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - began < PATIENCE
    assert not [each for each in threading.enumerate() if SERVER_THREAD.search(each.name)]
    sandbox.start()
    assert sandbox.url == url
    with client(sandbox) as caller:
        assert caller.get(NOTHING).status_code == 200
