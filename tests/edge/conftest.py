"""A real server for the tests of this room, on the database that the run is on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests import postgresql
from tests.serving import Site, environment, manage, serving


@pytest.fixture
def database_url(tmp_path) -> Iterator[str]:
    """An empty database of the kind that the run is on."""
    if os.environ.get("TEST_DATABASE") == "postgresql":
        with postgresql.fresh_database() as url:
            yield url
    else:
        yield str(tmp_path / "db.sqlite3")


@pytest.fixture
def serve(tmp_path, database_url) -> Iterator[Callable[..., Site]]:
    """Start the product under a public address; more of the environment by name."""
    with ExitStack() as stack:

        def start(public_url: str, *, migrated: bool = True, bind: str = "", **more: str) -> Site:
            variables = environment(public_url=public_url, database_url=database_url, **more)
            if migrated:
                manage(variables, "migrate")
            return stack.enter_context(serving(variables, tmp_path, bind))

        yield start
