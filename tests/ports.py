"""Ports for servers that cannot choose a free one themselves and report it."""

from __future__ import annotations

import contextlib
import random
import socket
from itertools import islice


def free_ports(number: int) -> list[int]:
    """Return free ports outside the kernel's ephemeral range.

    The kernel gives them to no other socket by itself, so they are still free when a server starts.
    """
    candidates = random.sample(range(10_000, 32_768), 1_000)
    return list(islice(filter(is_free, candidates), number))


def is_free(port: int) -> bool:
    """Return whether nothing on loopback uses the port."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
