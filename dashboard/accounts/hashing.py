"""Limit on passwords that one process hashes at once: Argon2 takes 100 MiB for each.

Threads that wait are limited too, so that others are left for people who are signed in. One turn
and one place to wait are kept for people who are known: strangers cannot use up all of them.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import BoundedSemaphore

AT_ONCE = 2
WAITING = 2
PATIENCE = 3.0  # seconds that a thread waits for its turn
RETRY_AFTER = 5  # seconds, for the answer to a refused one

turns = BoundedSemaphore(AT_ONCE)
places = BoundedSemaphore(AT_ONCE + WAITING)
turns_of_strangers = BoundedSemaphore(AT_ONCE - 1)
places_of_strangers = BoundedSemaphore(AT_ONCE - 1 + WAITING)


class TooManyHashesError(Exception):
    """Too many passwords are being hashed; this one was not."""


@contextmanager
def turn(*, is_known: bool = True) -> Iterator[None]:
    """Hash one password inside; raise TooManyHashesError without a turn within PATIENCE.

    ``is_known`` is False for a stranger, who only says who they are.
    """
    limits = [(places, 0.0), (turns, PATIENCE)]
    if not is_known:
        limits = [(places_of_strangers, 0.0), (turns_of_strangers, PATIENCE), *limits]
    with ExitStack() as stack:
        for limit, seconds in limits:
            if not limit.acquire(timeout=seconds):
                raise TooManyHashesError
            stack.callback(limit.release)
        yield
