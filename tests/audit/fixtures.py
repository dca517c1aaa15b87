"""Lets Django empty the database after a transactional test, which the triggers would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.db import connections
from django.test import TransactionTestCase

from tests.audit.reset import lifted_triggers


@pytest.fixture(scope="session", autouse=True)
def _flush_past_the_triggers() -> Iterator[None]:
    """For tests with ``transaction=True`` and live servers alike.

    The flush sends ``post_migrate`` afterwards, which brings back content types, permissions,
    the groups and the triggers.
    """
    flush = TransactionTestCase._fixture_teardown

    def flush_past_the_triggers(case: TransactionTestCase) -> None:
        with ExitStack() as lifted:
            for alias in case._databases_names(include_mirrors=False):
                lifted.enter_context(lifted_triggers(connections[alias]))
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_past_the_triggers)
        yield
