"""Drop the triggers of the audit log, for the reset of the database between tests.

Nothing in ``dashboard`` imports this, and the installed package does not contain it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import text_index, triggers

KEPT = {
    model._meta.db_table for model in (ContentType, Permission, Group, Group.permissions.through)
}


@contextmanager
def without_triggers(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Drop the triggers, and install them again afterwards, also after an error."""
    triggers.drop(connection)
    try:
        yield
    finally:
        triggers.install(connection)


def flush(connection: BaseDatabaseWrapper) -> None:
    """Empty all tables but those that ``post_migrate`` fills, so that it need not be sent."""
    tables = set(connection.introspection.django_table_names(only_existing=True))
    emptied = connection.ops.sql_flush(no_style(), sorted(tables - KEPT))
    with without_triggers(connection):
        connection.ops.execute_sql_flush(emptied)
        with connection.cursor() as cursor:
            for table in text_index.TABLES:  # which Django does not manage
                cursor.execute(f"DELETE FROM {table}")
