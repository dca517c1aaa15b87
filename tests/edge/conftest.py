"""A real server for the tests of this room, on the database that the run is on."""

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
    """An empty database of the kind that the run is on."""
    if os.environ.get("TEST_DATABASE") == "postgresql":
        with postgresql.fresh_database() as url:
            yield url
    else:
        yield str(folder / "db.sqlite3")


@contextmanager
def starter(folder: Path) -> Iterator[Start]:
    """A function that starts the product under a public address; more settings by name."""
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
    """Starts the product, on a database of the kind that the run is on, for one test."""
    with starter(tmp_path) as start:
        yield start
