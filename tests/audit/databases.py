"""Databases of their own, made by ``migrate`` itself, for what cannot be tried inside a test's
transaction."""

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
    """A connection to a new and fully migrated database of that kind, under an alias of its own."""
    alias = f"apart-{secrets.token_hex(4)}"
    if vendor == "sqlite":
        with _connected(alias, f"sqlite:///{folder / 'apart.sqlite3'}") as connection:
            yield connection
        return
    require("PostgreSQL", postgresql.binaries())
    with postgresql.fresh_database() as url, _connected(alias, url) as connection:
        yield connection


@contextmanager
def _connected(alias: str, url: str) -> Iterator[BaseDatabaseWrapper]:
    settings = {"default": connections.settings["default"], alias: database(Path("/"))(url)}
    connections.settings[alias] = connections.configure_settings(settings)[alias]
    try:
        call_command("migrate", database=alias, verbosity=0)
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias], connections.settings[alias]
