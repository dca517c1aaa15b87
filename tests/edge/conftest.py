"""Start real servers, on the database of the test run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import postgresql
from tests.serving import Site, environment, manage, serving

Start = Callable[..., Site]


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """Create an empty database of the kind of the test run, and yield its DATABASE_URL."""
    if os.environ.get("TEST_DATABASE") == "postgresql":
        with postgresql.fresh_database() as url:
            yield url
    else:
        yield str(folder / "db.sqlite3")


@contextmanager
def starter(folder: Path) -> Iterator[Start]:
    """Yield a function that starts the server under a public address; settings by name."""
    with ExitStack() as stack:
        database_url = stack.enter_context(empty_database(folder))

        def start(public_url: str, *, migrated: bool = True, bind: str = "", **more: str) -> Site:
            given = {"database_url": database_url} | more
            variables = environment(public_url=public_url, **given)
            if migrated:
                manage(variables, "migrate")
            return stack.enter_context(serving(variables, folder, bind))

        yield start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the server for one test."""
    with starter(tmp_path) as start:
        yield start
