"""Start real servers, on the database of the test run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.migrated import PEOPLED, own_database
from tests.serving import Site, environment, serving

Start = Callable[..., Site]


@contextmanager
def starter(folder: Path) -> Iterator[Start]:
    """Yield a function that starts the server under a public address; settings by name.

    Its database has the people of ``tests.migrated``, unless it is not to be migrated.
    """
    with ExitStack() as stack:

        def start(public_url: str, *, migrated: bool = True, bind: str = "", **more: str) -> Site:
            content = PEOPLED if migrated else ""
            database_url = stack.enter_context(own_database(folder, content))
            given = {"database_url": database_url} | more
            variables = environment(public_url=public_url, **given)
            return stack.enter_context(serving(variables, folder, bind))

        yield start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the server for one test."""
    with starter(tmp_path) as start:
        yield start
