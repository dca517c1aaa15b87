"""Processes that the commands start, and what they write to."""

from __future__ import annotations

import os
from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the process ids of the children, in the order of their start."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(pid: int) -> list[int]:
    """Return the process ids of gunicorn's workers under ``manage.py serve``, or of gunicorn's."""
    started = children(pid)
    servers = [one for one in started if b"gunicorn" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return children(servers[0]) if servers else started


def alive(pid: int) -> bool:
    """Return True for a process that runs; a zombie does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it ended before, or between open and read
        return False


def unread_pipe() -> int:
    """Return the end of a pipe that a process writes to, and that is never read."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing
