"""Lays the audit log's triggers after every migrate, and reads them back when asked."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.models.signals import post_migrate

from dashboard.audit import triggers


def connect(app_config: Any) -> None:
    """Take up both duties; called once, when the app is ready."""
    post_migrate.connect(lay_triggers, sender=app_config, dispatch_uid="audit.triggers")
    register(check_triggers, Tags.database)


def lay_triggers(*, using: str, **_kwargs: Any) -> None:
    """Guard the audit log in the database that was just migrated."""
    if triggers.is_supported(connections[using]):
        triggers.lay(connections[using])


def check_triggers(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report databases in which the audit log can be changed (``check --database default``)."""
    return [message for alias in databases or () for message in _messages(alias)]


def _messages(alias: str) -> list[CheckMessage]:
    connection = connections[alias]
    if not triggers.is_supported(connection):
        text = f"Nothing guards the audit log in a database of the kind {connection.vendor!r}."
        return [Error(text, hint="Use SQLite or PostgreSQL.", id="audit.E002")]
    missing = triggers.faults(connection)
    if not missing:
        return []
    return [
        Error(
            f"The audit log in the database {alias!r} can be changed: missing, altered or "
            f"switched off: {', '.join(missing)}.",
            hint=(
                "Find out who changed the schema, then lay the triggers anew with "
                "'manage.py migrate --skip-checks'."
            ),
            id="audit.E001",
        )
    ]
