"""Fixtures for every room. What only one room needs stands beside that room's tests."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests import postgresql
from tests.parts import require

pytest_plugins = ["tests.cast", "tests.audit.fixtures", "tests.sandbox.fixtures"]


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """The address of an empty PostgreSQL database, whatever database the run itself is on."""
    require("PostgreSQL", postgresql.binaries())
    with postgresql.fresh_database() as url:
        yield url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped, for whatever reason, has failed."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and in CI nothing may be: {report.longrepr}"
    return report
