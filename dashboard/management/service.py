"""A command that serves until it is told to end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_INPUT = 0


@contextmanager
def until_told(*, with_parent: bool) -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, and with a parent the end of standard input too.

    The main thread's business: only there may signals be handled.
    """
    told = threading.Event()
    former = {
        number: signal.signal(number, lambda *_: told.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    if with_parent:
        threading.Thread(target=_watch_parent, args=(told,), daemon=True).start()
    try:
        yield told
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _watch_parent(told: threading.Event) -> None:
    # Not through sys.stdin: a thread inside its buffer breaks the end of the interpreter.
    while os.read(STANDARD_INPUT, 4096):
        pass
    told.set()
