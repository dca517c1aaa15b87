"""Make calls at the same moment, in threads that each have their own database connection."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection

from dashboard.sandbox import Sandbox
from tests.waiting import PATIENCE, wait_for

T = TypeVar("T")


def at_once(*calls: Callable[[], T]) -> list[T | Exception]:
    """Start all calls at the same moment; return what each returned or raised, in order."""
    barrier = threading.Barrier(len(calls))

    def start(call: Callable[[], T]) -> T:
        barrier.wait(PATIENCE)
        return run(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(start, call) for call in calls]
    return [result_of(future) for future in futures]


@contextmanager
def in_background(call: Callable[[], Any], *, until: Callable[[], bool]) -> Iterator[Future[Any]]:
    """Start a call and enter the block once ``until`` is true; leave it when the call has ended."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run, call)
        wait_for(until)
        yield future


WAITED_FOR = "SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"


def is_waited_for() -> bool:
    """Return whether another connection to PostgreSQL waits for this one."""
    with connection.cursor() as cursor:
        cursor.execute(WAITED_FOR)
        return cursor.fetchone()[0] > 0


@contextmanager
def stopped_after(statement: str, call: Callable[[], Any]) -> Iterator[None]:
    """Start a call that goes on, after this statement, once another transaction waits for it."""
    is_stopped = threading.Event()

    def stop(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if statement in sql and not is_stopped.is_set():
            is_stopped.set()
            wait_for(is_waited_for)
        return result

    def stopping() -> None:
        with connection.execute_wrapper(stop):
            call()

    with in_background(stopping, until=is_stopped.is_set) as future:
        yield
        future.result()


@dataclass(frozen=True)
class Delayed:
    """A call whose request to cal.com waits to be answered."""

    calcom: Sandbox
    fault: int
    future: Future[Any]

    def finish(self) -> Any:
        """Let cal.com answer; return what the call returns, or raise what it raises."""
        self.answer()
        return self.future.result()

    def answer(self) -> None:
        with suppress(KeyError):  # it was answered before
            self.calcom.faults.clear(self.fault)


@contextmanager
def delayed(
    calcom: Sandbox,
    call: Callable[[], Any],
    method: str,
    *,
    skip: int = 0,
    when: str = "before",
) -> Iterator[Delayed]:
    """Start a call; enter the block while cal.com delays its request, after ``skip`` others.

    ``when`` is "after" to delay the answer to what is done already.
    """
    fault = calcom.faults.add("delay", method=method, seconds=PATIENCE, skip=skip, when=when)
    with in_background(call, until=lambda: calcom.faults.hits(fault) == 1) as future:
        waiting = Delayed(calcom, fault, future)
        try:
            yield waiting
        finally:
            waiting.answer()


@contextmanager
def answering_together(calcom: Sandbox, route: str, number: int) -> Iterator[threading.Event]:
    """Let cal.com answer once so many calls have arrived; yield what is set then."""
    fault = calcom.faults.add("delay", route=route, seconds=PATIENCE, count=None)
    is_answering = threading.Event()

    def answer() -> None:
        wait_for(lambda: calcom.faults.hits(fault) == number)
        is_answering.set()
        calcom.faults.clear(fault)

    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(answer)
        yield is_answering
        answered.result()


def run(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        connection.close()


def result_of(future: Future[T]) -> T | Exception:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, Exception):
        return error
    raise error
