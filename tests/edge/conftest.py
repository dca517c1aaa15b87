"""Start real servers, on the database of the test run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import postgresql
from tests.migrated import postgresql_template, sqlite_template
from tests.serving import Site, environment, serving

Start = Callable[..., Site]


@contextmanager
def own_database(folder: Path, *, migrated: bool) -> Iterator[str]:
    """Create a database of the kind of the test run, and yield its DATABASE_URL."""
    if os.environ.get("TEST_DATABASE") == "postgresql":
        template = postgresql_template() if migrated else "template1"
        with postgresql.fresh_database(template=template) as url:
            yield url
    else:
        file = folder / "db.sqlite3"
        if migrated:
            shutil.copy(sqlite_template(), file)
        yield str(file)


@contextmanager
def starter(folder: Path) -> Iterator[Start]:
    """Yield a function that starts the server under a public address; settings by name."""
    with ExitStack() as stack:

        def start(public_url: str, *, migrated: bool = True, bind: str = "", **more: str) -> Site:
            database_url = stack.enter_context(own_database(folder, migrated=migrated))
            given = {"database_url": database_url} | more
            variables = environment(public_url=public_url, **given)
            return stack.enter_context(serving(variables, folder, bind))

        yield start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the server for one test."""
    with starter(tmp_path) as start:
        yield start
