"""Load from another process, over connections that stay open and ask without a pause."""

from __future__ import annotations

import http.client
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from time import monotonic

CONNECTIONS = 4


@contextmanager
def load(port: int, cookie: str, cores: set[int]) -> Iterator[Callable[..., float]]:
    """Give a function of a path, seconds and an ETag that returns the answers per second.

    With an ETag it expects 304, otherwise 200. It raises RuntimeError for any other status.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve_orders, args=(there, port, cookie, cores), daemon=True)
    process.start()

    def answers_per_second(path: str, seconds: float, etag: str = "") -> float:
        here.send((path, seconds, etag))
        rate, failure = here.recv()
        if failure:
            raise RuntimeError(f"{path}: {failure}")
        return float(rate)

    try:
        yield answers_per_second
    finally:
        process.terminate()
        process.join()


def serve_orders(orders: Connection, port: int, cookie: str, cores: set[int]) -> None:
    """Run in the other process: measure what each order asks for."""
    os.sched_setaffinity(0, cores)
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
    connections = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    while True:
        path, seconds, etag = orders.recv()
        more = {"If-None-Match": etag} if etag else {}
        try:
            orders.send((ask_together(connections, path, headers | more, seconds), ""))
        except RuntimeError as failure:
            orders.send((0, repr(failure)))


def ask_together(
    connections: list[http.client.HTTPConnection],
    path: str,
    headers: dict[str, str],
    seconds: float,
) -> float:
    """Return the answers per second of all connections, each asked from its own thread."""
    began = monotonic()
    counts: list[int] = []
    threads = [
        threading.Thread(
            target=lambda one=one: counts.append(ask(one, path, headers, began + seconds))
        )
        for one in connections
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) < len(threads):
        raise RuntimeError("a connection failed; its traceback is above")
    return sum(counts) / (monotonic() - began)


def ask(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str], until: float
) -> int:
    """Return the number of answers until the moment."""
    answers = 0
    while monotonic() < until:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != (304 if "If-None-Match" in headers else 200):
            raise RuntimeError(f"status {answer.status}")
        answers += 1
    return answers
