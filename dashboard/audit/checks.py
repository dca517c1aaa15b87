"""Install the triggers of the audit log after every migrate, and check them."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.models.signals import post_migrate

from dashboard.audit import triggers


def connect(app_config: Any) -> None:
    """Register the signal handler and the check; called once, when the app is ready."""
    post_migrate.connect(install_triggers, sender=app_config, dispatch_uid="audit.triggers")
    register(check_triggers, Tags.database)


def install_triggers(*, using: str, **_kwargs: Any) -> None:
    """Install the triggers in the database that was migrated."""
    if triggers.is_supported(connections[using]):
        triggers.install(connections[using])


def check_triggers(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report databases with a changeable audit log, for ``check --database default``."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if not triggers.is_supported(connection):
            text = f"Nothing guards the audit log in a database of the kind {connection.vendor!r}."
            messages.append(Error(text, hint="Use SQLite or PostgreSQL.", id="audit.E002"))
        elif names := triggers.faulty_triggers(connection):
            text = (
                f"The audit log in the database {alias!r} can be changed: missing, altered or "
                f"switched off: {', '.join(names)}."
            )
            hint = (
                "Find out who changed the schema, then install the triggers again with "
                "'manage.py migrate --skip-checks'."
            )
            messages.append(Error(text, hint=hint, id="audit.E001"))
    return messages
