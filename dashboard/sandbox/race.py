"""The time between cal.com's check and its write, in which calls win one slot together."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dashboard.sandbox.faults import Fault

# Winners of races at the real server: of 20 POSTs, and of 5 PATCHes, for one slot.
WINNERS = {"POST": (3, 1, 1, 1, 2, 3, 3, 1, 2, 2, 4, 3, 4), "PATCH": (3, 2, 1, 1, 2, 2, 2)}
SECONDS = 0.005  # that a call waits for others
UNLIMITED = 1_000_000


class Race:
    """The checks and writes of one event type.

    As many calls as once won together at the real server are under way at once. The others wait
    before their check, which then sees what these wrote.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._places = 0
        self._inside = 0
        self._checked = 0

    @contextmanager
    def join(self, method: str) -> Iterator[Callable[[Sequence[Fault]], None]]:
        """Let a call check and write; give the pause between the two."""
        with self._changed:
            self._changed.wait_for(lambda: self._places or not self._inside)
            if not self._inside:
                self._places = random.choice(WINNERS[method])  # noqa: S311
            self._places -= 1
            self._inside += 1
        try:
            yield self._pause
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _pause(self, delays: Sequence[Fault]) -> None:
        """Let others check before this call writes: all others while a fault delays it here."""
        with self._changed:
            if delays:
                self._places = UNLIMITED
            self._checked += 1
            self._changed.notify_all()
            if not delays:
                self._changed.wait_for(self._is_complete, SECONDS)
            self._checked -= 1
        for delay in delays:
            delay.wait()

    def _is_complete(self) -> bool:
        return not self._places and self._checked == self._inside
