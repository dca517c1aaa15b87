"""Let Django flush the database after a transactional test in spite of the triggers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.db import connections
from django.test import TransactionTestCase

from tests.audit.reset import clear_text_index, without_triggers


@pytest.fixture(scope="session", autouse=True)
def _flush_without_triggers() -> Iterator[None]:
    """Drop the triggers during a flush, for tests with ``transaction=True`` and live servers.

    The flush sends ``post_migrate``, which restores content types, permissions, groups and
    triggers.
    """
    flush = TransactionTestCase._fixture_teardown

    def flush_without_triggers(case: TransactionTestCase) -> None:
        with ExitStack() as stack:
            for alias in case._databases_names(include_mirrors=False):
                stack.enter_context(without_triggers(connections[alias]))
                clear_text_index(connections[alias])
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_without_triggers)
        yield
