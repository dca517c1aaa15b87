"""Migrated databases for tests that cannot run inside the transaction of a test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.edge.setting_readers import database
from tests import postgresql
from tests.parts import require


@contextmanager
def migrated(vendor: str, folder: Path) -> Iterator[BaseDatabaseWrapper]:
    """Yield a connection to a new, migrated database of this kind, under its own alias."""
    alias = f"apart-{secrets.token_hex(4)}"
    if vendor == "sqlite":
        with connected(alias, f"sqlite:///{folder / 'apart.sqlite3'}") as connection:
            yield connection
        return
    require("PostgreSQL", postgresql.binaries())
    with postgresql.fresh_database() as url, connected(alias, url) as connection:
        yield connection


@contextmanager
def connected(alias: str, url: str) -> Iterator[BaseDatabaseWrapper]:
    """Add a database to Django's connections, and migrate it."""
    settings = {"default": connections.settings["default"], alias: database(Path("/"))(url)}
    connections.settings[alias] = connections.configure_settings(settings)[alias]
    try:
        call_command("migrate", database=alias, verbosity=0)
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias], connections.settings[alias]
