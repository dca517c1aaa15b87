"""Install the triggers of the audit log, and check them."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from dashboard.audit import triggers


def install_triggers(*, using: str, **_kwargs: Any) -> None:
    """Install the triggers in the database that was migrated. Receives Django's signal."""
    if triggers.is_supported(connections[using]):
        triggers.install(connections[using])


@register(Tags.database)
def check_triggers(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report databases with a changeable audit log, for ``check --database default``."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if not triggers.is_supported(connection):
            text = f"Nothing guards the audit log in a database of the kind {connection.vendor!r}."
            messages.append(Error(text, hint="Use SQLite or PostgreSQL.", id="audit.E002"))
        elif names := triggers.faulty_triggers(connection):
            messages.append(faulty_message(connection, names))
    return messages


def faulty_message(connection: BaseDatabaseWrapper, names: Sequence[str]) -> CheckMessage:
    """Return an error; a warning for a schema to be migrated, or ``migrate`` would refuse to."""
    executor = MigrationExecutor(connection)
    is_behind = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    text = (
        f"The audit log in the database {connection.alias!r} can be changed, or entries can be "
        f"kept out: missing, altered, switched off or not of Holdfast: {', '.join(names)}."
    )
    if is_behind:
        hint = "Run 'manage.py migrate', which installs the triggers again."
        return Warning(text, hint=hint, id="audit.W001")
    hint = (
        "Find out who changed the schema and drop what is not of Holdfast, then install the "
        "triggers again with 'manage.py migrate --skip-checks'."
    )
    return Error(text, hint=hint, id="audit.E001")
