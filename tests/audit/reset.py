"""Drop the triggers of the audit log, for the reset of the database between tests.

Nothing in ``dashboard`` imports this, and the installed package does not contain it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import triggers


@contextmanager
def without_triggers(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Drop the triggers, and install them again afterwards, also after an error."""
    on_postgresql = connection.vendor == "postgresql"
    names = triggers.POSTGRESQL if on_postgresql else triggers.SQLITE
    with connection.cursor() as cursor:
        for name in names:
            on_table = f" ON {triggers.TABLE}" if on_postgresql else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")
    try:
        yield
    finally:
        triggers.install(connection)
