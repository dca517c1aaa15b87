"""Let Django flush the database after a transactional test in spite of the triggers."""

from collections.abc import Iterator

import pytest
from django.db import connections
from django.test import TransactionTestCase

from tests.audit.reset import flush


@pytest.fixture(scope="session", autouse=True)
def _flush_without_triggers() -> Iterator[None]:
    """Drop the triggers during a flush, for tests with ``transaction=True`` and live servers.

    Django's own would also fill the tables again that ``post_migrate`` fills, which takes longer
    than most of these tests.
    """

    def flush_all(case: TransactionTestCase) -> None:
        for alias in case._databases_names(include_mirrors=False):
            flush(connections[alias])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_all)
        yield
