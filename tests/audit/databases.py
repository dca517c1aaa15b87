"""Migrated databases for tests that cannot run inside the transaction of a test."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.edge.setting_readers import database
from tests import postgresql
from tests.migrated import postgresql_template, sqlite_template
from tests.parts import require


@contextmanager
def migrated(vendor: str, folder: Path, *, is_empty: bool = False) -> Iterator[BaseDatabaseWrapper]:
    """Yield a connection to a migrated database of this kind, under its own alias.

    It is a copy of one that is migrated once in a run, or with ``is_empty`` has no tables yet.
    """
    if vendor == "sqlite":
        file = folder / "apart.sqlite3"
        if not is_empty:
            shutil.copy(sqlite_template(), file)
        with connected(f"sqlite:///{file}") as connection:
            yield connection
        return
    require("PostgreSQL", postgresql.binaries())
    with (
        postgresql.fresh_database(
            template="template1" if is_empty else postgresql_template()
        ) as url,
        connected(url) as connection,
    ):
        yield connection


@contextmanager
def as_default(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let what names no database use this one."""
    usual = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[connection.alias]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = usual


@contextmanager
def connected(url: str) -> Iterator[BaseDatabaseWrapper]:
    """Add a database to Django's connections."""
    alias = f"apart-{secrets.token_hex(4)}"
    settings = {"default": connections.settings["default"], alias: database(Path("/"))(url)}
    connections.settings[alias] = connections.configure_settings(settings)[alias]
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias], connections.settings[alias]
