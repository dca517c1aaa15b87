"""Limit on passwords that one process hashes at once: Argon2 takes 100 MiB for each.

Threads that wait are limited too, so that others are left for people who are signed in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

AT_ONCE = 2
WAITING = 2
PATIENCE = 3.0  # seconds that a thread waits for its turn
RETRY_AFTER = 5  # seconds, for the answer to a refused one

turns = BoundedSemaphore(AT_ONCE)
places = BoundedSemaphore(AT_ONCE + WAITING)


class TooManyHashesError(Exception):
    """Too many passwords are being hashed; this one was not."""


@contextmanager
def turn() -> Iterator[None]:
    """Hash one password inside; raise TooManyHashesError without a turn within PATIENCE."""
    if not places.acquire(blocking=False):
        raise TooManyHashesError
    try:
        if not turns.acquire(timeout=PATIENCE):
            raise TooManyHashesError
        try:
            yield
        finally:
            turns.release()
    finally:
        places.release()
