"""Fixtures for every room. What only one room needs stands beside that room's tests."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from tests import postgresql
from tests.parts import require

pytest_plugins = [
    name
    for name in ("tests.sandbox.fixtures", "tests.audit.fixtures")
    if importlib.util.find_spec(name)
]


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """The address of an empty PostgreSQL database, whatever database the run itself is on."""
    require("PostgreSQL", postgresql.binaries())
    with postgresql.fresh_database() as url:
        yield url
