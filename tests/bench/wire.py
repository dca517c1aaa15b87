"""Measure the time that ``Client.send`` adds to a bare ``httpx.Client.post`` and ``.json()``.

    python -m tests.bench.wire [--rounds 30] [--calls 100]

Both talk to a server with one fixed answer in another process, over loopback, and take turns call
by call in this one, so that other work on the machine slows both. Prints medians over all calls,
and their ratio. The aim is a ratio of at most 1.25; above it the status is 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter

import httpx

from dashboard.calcom import Client, endpoints

AIM = 1.25
KEY = "cal_bench0123456789"
BODY = (
    b'{"status":"success","data":{"eventTypeId":1,"slotStart":"2027-01-11T09:00:00.000Z",'
    b'"slotEnd":"2027-01-11T10:00:00.000Z","slotDuration":60,'
    b'"reservationUid":"12197e27-8acb-4005-ae3e-50a98d8eb171","reservationDuration":10,'
    b'"reservationUntil":"2026-11-22T07:25:30.419Z"}}'
)
ANSWER = (
    b"HTTP/1.1 201 Created\r\n"
    b"Strict-Transport-Security: max-age=15552000; includeSubDomains\r\n"
    b"Referrer-Policy: no-referrer\r\n"
    b"Access-Control-Allow-Origin: *\r\n"
    b"X-RateLimit-Limit-Default: 120\r\n"
    b"X-RateLimit-Remaining-Default: 119\r\n"
    b"X-RateLimit-Reset-Default: 60\r\n"
    b"X-Request-Id: dae29df8-23f8-4cd4-b844-bca1a166b2c9\r\n"
    b"Content-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"Date: Sun, 22 Nov 2026 07:15:30 GMT\r\n"
    b"Connection: keep-alive\r\n"
    b"Keep-Alive: timeout=5\r\n\r\n%s" % (len(BODY), BODY)
)
START = datetime(2027, 1, 11, 9, tzinfo=UTC)


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--calls", type=int, default=100, help="of each kind in a round")
    options = parser.parse_args()
    bare, wrapped = measure(rounds=options.rounds, calls=options.calls)
    ratio = wrapped / bare
    sys.stdout.write(
        f"httpx.Client.post + .json()  {bare * 1e6:8.1f} µs  (median)\n"
        f"calcom.Client.send           {wrapped * 1e6:8.1f} µs  (median)\n"
        f"ratio                        {ratio:8.2f}     (aim: at most {AIM})\n"
    )
    return 0 if ratio <= AIM else 1


def measure(*, rounds: int, calls: int) -> tuple[float, float]:
    """Return the median seconds of a bare call and of one through ``Client``."""
    with server() as base, httpx.Client() as plain, Client(base_url=base, api_key=KEY) as client:
        calls_of: dict[str, Callable[[], object]] = {
            "bare": lambda: bare_call(plain, base),
            "client": lambda: client_call(client),
        }
        seconds: dict[str, list[float]] = {name: [] for name in calls_of}
        for turn in range(rounds * calls):
            for name in sorted(calls_of, reverse=turn % 2 == 1):
                seconds[name].append(timed(calls_of[name]))
        return median(seconds["bare"]), median(seconds["client"])


def bare_call(plain: httpx.Client, base: str) -> object:
    """Reserve with httpx alone."""
    return plain.post(
        f"{base}/v2/slots/reservations",
        json={"eventTypeId": 1, "slotStart": "2027-01-11T09:00:00Z", "reservationDuration": 10},
        headers={"Authorization": f"Bearer {KEY}", "cal-api-version": "2024-09-04"},
    ).json()


def client_call(client: Client) -> object:
    """Reserve through Holdfast's client."""
    return client.answer_to(
        endpoints.reserve(event_type_id=1, slot_start=START, reservation_duration=10)
    )


def timed(call: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    began = perf_counter()
    call()
    return perf_counter() - began


@contextmanager
def server() -> Iterator[str]:
    """Give the base URL of a server in another process with the same answer for every request."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def serve(report: Connection) -> None:
    """Answer one connection after the other, each in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        report.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    """Answer each request once its head and body are in."""
    pending = b""
    with connection:
        while chunk := connection.recv(65536):
            pending += chunk
            head, found, rest = pending.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if found and len(rest) >= length:
                connection.sendall(ANSWER)
                pending = rest[length:]


if __name__ == "__main__":
    sys.exit(main())
