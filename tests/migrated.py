"""Migrated databases without people: the first test of a run makes one of each kind to copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection

from dashboard.edge.setting_readers import database
from tests import postgresql, run
from tests.serving import environment, manage


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None) -> Iterator[None]:
    """Let this process use a copy, in place of pytest-django, with which each would migrate."""
    folder = run.folder() / f"database-{os.environ.get('PYTEST_XDIST_WORKER', 'only')}"
    folder.mkdir()
    with own_database(folder, migrated=True) as url:
        connection.settings_dict["NAME"] = database(Path("/"))(url)["NAME"]
        yield
        connection.close()


@contextmanager
def own_database(folder: Path, *, migrated: bool) -> Iterator[str]:
    """Create a database of the kind of the test run, and yield its DATABASE_URL."""
    if os.environ.get("TEST_DATABASE") == "postgresql":
        template = postgresql_template() if migrated else "template1"
        with postgresql.fresh_database(template=template) as url:
            yield url
    else:
        file = folder / "db.sqlite3"
        if migrated:
            shutil.copy(sqlite_template(), file)
        yield str(file)


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
    # Static files are not needed, and collecting them takes longer.
    variables = environment(
        public_url="http://localhost", database_url=database_url, STATIC_ROOT=str(run.folder())
    )
    manage(variables, "migrate")
