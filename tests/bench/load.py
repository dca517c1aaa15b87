"""Load from another process: some connections that stay open and ask without a pause."""

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
    """Gives a function of a path and of seconds: the pages per second of that path.

    With the tag of what is there it counts answers that nothing is new, and no others.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, port, cookie, cores), daemon=True)
    process.start()

    def pages_per_second(path: str, seconds: float, tag: str = "") -> float:
        ours.send((path, seconds, tag))
        rate, failure = ours.recv()
        if failure:
            raise RuntimeError(f"{path}: {failure}")
        return float(rate)

    try:
        yield pages_per_second
    finally:
        process.terminate()
        process.join()


def _work(orders: Connection, port: int, cookie: str, cores: set[int]) -> None:
    os.sched_setaffinity(0, cores)
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
    open_ones = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    while True:
        path, seconds, tag = orders.recv()
        more = {"If-None-Match": tag} if tag else {}
        try:
            orders.send((_together(open_ones, path, headers | more, seconds), ""))
        except RuntimeError as failure:
            orders.send((0, repr(failure)))


def _together(
    connections: list[http.client.HTTPConnection],
    path: str,
    headers: dict[str, str],
    seconds: float,
) -> float:
    """What all connections got, each from a thread of its own. Raises what one of them met."""
    began = monotonic()
    counts: list[int] = []
    threads = [
        threading.Thread(
            target=lambda one=one: counts.append(_ask(one, path, headers, began + seconds))
        )
        for one in connections
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) < len(threads):
        raise RuntimeError("a connection failed; its traceback stands above")
    return sum(counts) / (monotonic() - began)


def _ask(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str], until: float
) -> int:
    pages = 0
    while monotonic() < until:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != (304 if "If-None-Match" in headers else 200):
            raise RuntimeError(f"status {answer.status}")
        pages += 1
    return pages
