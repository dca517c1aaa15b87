"""Fixtures of the calcom room."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tests.calcom.both_clients import Ask, ask, ask_async

collect_ignore = [] if "CALCOM_OPENAPI" in os.environ else ["test_openapi.py"]


@pytest.fixture(params=[ask, ask_async], ids=["sync", "async"])
def asked(request: pytest.FixtureRequest) -> Ask:
    """A call through the synchronous and once more through the asynchronous client."""
    found: Ask = request.param
    return found


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port on which nobody listens, nor can anybody begin to: it is taken until the end."""
    with socket.socket() as taken:
        taken.bind(("", 0))
        yield taken.getsockname()[1]
