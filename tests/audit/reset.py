"""The one way past the audit log's triggers: for the test suite's own reset between tests.

Nothing in ``dashboard`` imports this, and what gets installed does not contain it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import triggers


@contextmanager
def lifted_triggers(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take the triggers away, and lay them again whatever happens."""
    on_postgresql = connection.vendor == "postgresql"
    names = triggers.POSTGRESQL if on_postgresql else triggers.SQLITE
    with connection.cursor() as cursor:
        for name in names:
            on_table = f" ON {triggers.TABLE}" if on_postgresql else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
    try:
        yield
    finally:
        triggers.lay(connection)
