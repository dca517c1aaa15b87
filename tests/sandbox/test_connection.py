"""The wire itself: what Node's server shows to a client that looks closely."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from dashboard.sandbox import Sandbox
from tests.sandbox.api import OWNER, RESERVATIONS, body, client, hold
from tests.waiting import wait_for


@contextmanager
def connected(sandbox: Sandbox) -> Iterator[socket.socket]:
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as raw:
        yield raw


def message(method: str, path: str, content: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in OWNER.items())]
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + content


def everything(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65536), b""))


WISH = json.dumps(body("11T09:00")).encode()


def test_an_idle_connection_is_closed_after_five_seconds(sandbox: Sandbox) -> None:
    with connected(sandbox) as raw:
        began = time.monotonic()
        raw.sendall(message("GET", "/health"))
        assert b"Keep-Alive: timeout=5" in raw.recv(65536)
        assert raw.recv(1) == b""
        assert 5 <= time.monotonic() - began < 8


def test_one_connection_carries_many_calls(sandbox: Sandbox) -> None:
    with connected(sandbox) as raw:
        raw.sendall(message("GET", "/health") + message("GET", "/v2/me", b"", "Connection: close"))
        answers = everything(raw)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b"Connection: keep-alive") == 1
    assert answers.count(b"Connection: close") == 1


@pytest.mark.parametrize("linger", [False, True])
def test_a_caller_who_leaves_after_sending_has_made_a_reservation(
    sandbox: Sandbox, linger: bool
) -> None:
    with connected(sandbox) as raw:
        if linger:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw.sendall(message("POST", RESERVATIONS, WISH))
    wait_for(lambda: len(sandbox.rows()) == 1)
    with client(sandbox) as caller:
        assert caller.post(RESERVATIONS, json=body("11T09:00")).status_code == 422


def test_half_a_body_makes_no_reservation(sandbox: Sandbox) -> None:
    with connected(sandbox) as raw:
        raw.sendall(message("POST", RESERVATIONS, WISH)[:-5])
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1) == b""
    assert sandbox.rows() == []


def test_who_closes_its_side_gets_no_answer(sandbox: Sandbox) -> None:
    sandbox.pause = 0.2
    with connected(sandbox) as raw:
        raw.sendall(message("POST", RESERVATIONS, WISH))
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1) == b""
    assert len(sandbox.rows()) == 1


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET\r\n\r\n",
        b"GET /health HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /health HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_closed(sandbox: Sandbox, nonsense: bytes) -> None:
    with connected(sandbox) as raw:
        raw.sendall(nonsense)
        assert everything(raw) == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


def test_a_body_in_chunks_and_a_packed_one_are_read(sandbox: Sandbox) -> None:
    typed = {"Content-Type": "application/json"}
    with client(sandbox) as caller:
        chunked = caller.post(RESERVATIONS, content=iter([WISH[:9], WISH[9:]]), headers=typed)
        packed = caller.post(
            RESERVATIONS,
            content=gzip.compress(json.dumps(body("11T10:00")).encode()),
            headers=typed | {"Content-Encoding": "gzip"},
        )
    assert (chunked.status_code, packed.status_code) == (201, 201)


def test_a_packed_body_that_is_too_large_is_refused(sandbox: Sandbox) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    with client(sandbox) as caller:
        answer = caller.post(RESERVATIONS, content=bomb, headers=headers)
    assert answer.json() == {"statusCode": 413, "message": "request entity too large"}


def test_an_answer_names_its_moment_and_itself(sandbox: Sandbox) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        first, second = (caller.get(f"{RESERVATIONS}/{uid}") for _ in range(2))
        known = {"If-None-Match": first.headers["ETag"]}
        again = caller.get(f"{RESERVATIONS}/{uid}", headers=known)
        insisting = known | {"Cache-Control": "no-cache"}
        assert caller.get(f"{RESERVATIONS}/{uid}", headers=insisting).status_code == 200
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert first.headers["ETag"] == second.headers["ETag"]
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["Strict-Transport-Security"] == "max-age=15552000; includeSubDomains"
    assert "Cache-Control" not in first.headers


@pytest.mark.parametrize(
    "text",
    ["{", "[1", '{"a":}', "nul", "{'a': 1}", '{"eventTypeId": NaN}', "[" * 100_000, "\ufeff"],
)
def test_malformed_json_is_answered_before_anybody_is_asked(sandbox: Sandbox, text: str) -> None:
    with client(sandbox) as caller:
        answer = caller.post(
            RESERVATIONS,
            content=text.encode(),
            headers={"Content-Type": "application/json", "Authorization": "Bearer cal_nobody"},
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequestException"
    assert answer.headers["X-Request-Id"] == "unknown-request-id"
    assert "X-RateLimit-Limit-Default" not in answer.headers


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e300"])
def test_numbers_beyond_reason_are_no_crash(sandbox: Sandbox, number: str) -> None:
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
    mate = {"Authorization": "Bearer cal_mate0123456789"}
    with httpx.Client(base_url=sandbox.url) as caller:
        statuses = [caller.get("/v2/me", headers=mate).status_code for _ in range(3)]
        other = caller.get("/v2/me", headers=OWNER).status_code
        wrong_route = caller.get("/v2/nothing", headers=mate)
        sandbox.clock.shift(60)
        later = caller.get("/v2/me", headers=mate)
    assert statuses == [200, 200, 429]
    assert other == 200
    assert wrong_route.status_code == 404
    assert "X-RateLimit-Limit-Default" not in wrong_route.headers
    assert (later.status_code, later.headers["X-RateLimit-Remaining-Default"]) == (200, "1")


def test_stopping_ends_calls_under_way_and_frees_the_port(sandbox: Sandbox) -> None:
    sandbox.faults.add("delay", seconds=60)
    with connected(sandbox) as raw:
        raw.sendall(message("GET", "/health"))
        time.sleep(0.1)
        began = time.monotonic()
        url = sandbox.url
        sandbox.stop()
        assert time.monotonic() - began < 3
    sandbox.start()
    assert sandbox.url == url
    assert httpx.get(f"{url}/health").text == "OK"
