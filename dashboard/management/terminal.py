"""Talk to a person at a terminal: show how far a long command is, and ask before it begins."""

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper

WIDTH = 40  # characters


@contextmanager
def progress_bar(
    output: OutputWrapper, ends: Callable[[], tuple[int, int]]
) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows on a terminal how far a place is between two ends.

    Places are ids or positions: to count what is between them would take as long as the work.
    """
    if not output.isatty():
        yield lambda _place: None
        return
    first, last = ends()
    shown = ""

    def show(place: int) -> None:
        nonlocal shown
        share = min(max(place - first, 0) / max(last - first, 1), 1)
        text = f"\r[{'#' * int(WIDTH * share):{WIDTH}}] {share:4.0%}"
        if text != shown:
            output.write(text, str, ending="")
        shown = text

    try:
        yield show
    finally:
        if shown:
            output.write("")


def is_confirmed(question: str) -> bool:
    """Return whether "yes" was typed; a job without a terminal types nothing."""
    try:
        return input(question) == "yes"
    except EOFError:
        return False


def read_secret(question: str) -> str:
    """Ask for a line without echo, or read the first line of a pipe."""
    if sys.stdin.isatty():
        return getpass.getpass(question)
    return sys.stdin.readline().rstrip("\n")
