"""Commands that run until they are stopped."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STANDARD_INPUT = 0


@contextmanager
def until_stopped() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set.

    Only the main thread may call this, because only it may handle signals.
    """
    stop = threading.Event()
    former = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def watch_parent(on_end: Callable[[], None]) -> None:
    """Call ``on_end`` from another thread when standard input closes."""

    def watch() -> None:
        # Not through sys.stdin: a thread inside its buffer breaks the interpreter's shutdown.
        while os.read(STANDARD_INPUT, 4096):
            pass
        on_end()

    threading.Thread(target=watch, daemon=True).start()
