"""Drop the triggers of the audit log, for the reset of the database between tests.

Nothing in ``dashboard`` imports this, and the installed package does not contain it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import text_index, triggers


@contextmanager
def without_triggers(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Drop the triggers, and install them again afterwards, also after an error."""
    triggers.drop(connection)
    try:
        yield
    finally:
        triggers.install(connection)


def clear_text_index(connection: BaseDatabaseWrapper) -> None:
    """Empty the tables that Django does not manage, and so does not flush."""
    with connection.cursor() as cursor:
        for table in text_index.TABLES:
            cursor.execute(f"DELETE FROM {table}")
