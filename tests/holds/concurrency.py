"""Several people at the same moment: threads, each with a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection

from tests.waiting import PATIENCE, wait_for

T = TypeVar("T")


def at_once(*deeds: Callable[[], T]) -> list[T | Exception]:
    """Do them all, begun at the same moment; what each gave or raised, in order."""
    gate = threading.Barrier(len(deeds))

    def do(deed: Callable[[], T]) -> T:
        gate.wait(PATIENCE)
        return _closing(deed)

    with ThreadPoolExecutor(len(deeds)) as pool:
        done = [pool.submit(do, deed) for deed in deeds]
    return [_end_of(one) for one in done]


@contextmanager
def meanwhile(deed: Callable[[], Any], *, until: Callable[[], bool]) -> Iterator[Future[Any]]:
    """Begin a deed elsewhere and go on once it has come so far; it is over at the end."""
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(_closing, deed)
        wait_for(until)
        yield under_way


def _closing(deed: Callable[[], T]) -> T:
    try:
        return deed()
    finally:
        connection.close()


def _end_of(done: Future[T]) -> T | Exception:
    error = done.exception()
    if error is None:
        return done.result()
    if isinstance(error, Exception):
        return error
    raise error
