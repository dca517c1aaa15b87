"""Workers that choose ports at the same moment."""

from __future__ import annotations

import random

import pytest

from tests.ports import free_ports


def test_no_port_is_given_twice_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first server may not listen yet."""
    candidates = random.sample(range(10_000, 32_768), 1_000)
    monkeypatch.setattr(random, "sample", lambda *_: candidates)
    first, second = free_ports(2), free_ports(2)
    assert len({*first, *second}) == 4
