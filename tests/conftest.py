"""Fixtures, marks and hooks for all tests. See ``tests/README.md``."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator

import pytest
from django.template import Context, Template
from django.test.utils import instrumented_test_render

from tests import postgresql, run
from tests.parts import require
from tests.waiting import let_midnight_pass

pytest_plugins = [
    "tests.cast",
    "tests.log_secrets",
    "tests.migrated",
    "tests.audit.fixtures",
    "tests.sandbox.fixtures",
    "tests.holds.summary",
]

# A test that uses one of these fixtures gets the mark by itself.
MARKED_BY_FIXTURE = {
    "database": {"db", "transactional_db", "live_server", "serve", "laid"},
    # Each starts a server or a command in its own process.
    "slow": {"live_server", "serve", "laid", "project", "postgresql_url"},
}


gc.disable()  # until all tests are collected: what collecting makes, stays


@pytest.hookimpl(tryfirst=True)  # before ``-m`` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db"):
            used.add("db")
        for mark, fixtures in MARKED_BY_FIXTURE.items():
            if used & fixtures:
                item.add_marker(mark)
        if item.path.parent.name == "browser":
            item.add_marker("browser")
        if item.get_closest_marker("browser"):
            item.add_marker("slow")
    # First, because the others would have to wait for the longest that has begun.
    items.sort(key=lambda item: item.get_closest_marker("alone") is None)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what was loaded, and look seldom at the rest.

    With the usual thresholds it takes a tenth of the time of a page.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers per core, because tests wait half of the time."""
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else 2 * len(os.sched_getaffinity(0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let no test pass midnight, and one that is marked ``alone`` wait until no other runs."""
    let_midnight_pass()
    with run.turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped, for whatever reason, has failed."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and in CI nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _record_pages_only(django_test_environment: None, plain_render=Template._render) -> None:
    """Record a page's context for ``response.context``, but not that of each include.

    Django copies it for each of some hundred includes, which takes a tenth of the page's time.
    """

    def render(template: Template, context: Context) -> str:
        is_page = context.template is template
        return (instrumented_test_render if is_page else plain_render)(template, context)

    Template._render = render  # the end of Django's test environment sets its own again


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """Return the address of an empty PostgreSQL database, whatever database the run is on."""
    require("PostgreSQL", postgresql.binaries())
    with postgresql.fresh_database() as url:
        yield url
