"""The stand-in as a process of its own, until it is told to end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.sandbox.sandbox import Sandbox
from dashboard.sandbox.world import Key


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


def announcement(sandbox: Sandbox) -> str:
    """Where it is and what opens it, for people and for scripts that read the first two lines."""
    keys = [
        f"  {key.key}  {sandbox.world.user_by_id[key.user].username}, {_worth(key)}"
        for key in sandbox.world.keys
    ]
    lines = [f"sandbox {sandbox.url}", f"control {sandbox.control_url}", "", "API keys:", *keys]
    return "\n".join([*lines, "", "Ctrl-C ends it."])


def _worth(key: Key) -> str:
    return "expired" if key.expired else f"{key.limit} calls a minute"


def _watch_parent(told: threading.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    told.set()
