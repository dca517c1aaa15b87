"""Migrated databases without people, to copy: one of each kind, made by the first test of a run."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests import postgresql, run
from tests.serving import environment, manage


def sqlite_template() -> Path:
    """Return the file to copy."""
    file = run.folder() / "migrated.sqlite3"
    with run.locked(file.name):
        if not file.exists():
            unfinished = file.with_suffix(".part")
            migrate(str(unfinished))
            unfinished.rename(file)
    return file


def postgresql_template() -> str:
    """Return the name of the database to copy on the run's server."""
    name, done = "migrated_template", run.folder() / "migrated.postgresql"
    with run.locked(done.name):
        if not done.exists():
            server = postgresql.server_url()
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            migrate(urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
            done.touch()
    return name


def migrate(database_url: str) -> None:
    """Run the migrations in a process of their own, so that no test has to be allowed to."""
    manage(environment(public_url="http://localhost", database_url=database_url), "migrate")
