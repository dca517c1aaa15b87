"""Ports for servers that cannot be told to take any free one and say which."""

from __future__ import annotations

import contextlib
import random
import socket
from itertools import islice


def free_ports(number: int) -> list[int]:
    """So many that are free, and still are when a server starts: the kernel gives none of these
    by itself to whoever asks for any port or connects to somewhere."""
    candidates = random.sample(range(10_000, 32_768), 1_000)
    return list(islice(filter(_is_free, candidates), number))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
