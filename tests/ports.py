"""Ports for servers that cannot choose a free one themselves and report it."""

from __future__ import annotations

import contextlib
import random
import socket
from itertools import islice

from tests import run


def free_ports(number: int) -> list[int]:
    """Return free ports outside the kernel's ephemeral range, which no other test was given.

    The kernel gives them to no other socket by itself, so they are still free when a server starts.
    """
    candidates = random.sample(range(10_000, 32_768), 1_000)
    return list(islice(filter(take, candidates), number))


def take(port: int) -> bool:
    """Take the port; return whether it is free and no process of the run took it before."""
    taken = run.folder() / "ports"
    taken.mkdir(exist_ok=True)
    try:
        (taken / str(port)).touch(exist_ok=False)
    except FileExistsError:
        return False
    return is_free(port)


def is_free(port: int) -> bool:
    """Return whether nothing on loopback uses the port."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
