"""Migrated databases, without people and with some: the first test of a run makes each to copy."""

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

MIGRATED, PEOPLED = "migrated", "peopled"  # what is in a database to copy
PASSWORD = "correct horse 9"
PEOPLE = {
    "ada": "Staff",
    "grace": "Staff",
    "vera": "Admins",
    "screen": "Wallboard",
    "dora": "Staff",
}
ADD_PEOPLE = f"""
from tests.accounts.cast import Role, person
for name, role in {PEOPLE}.items():
    person(name, Role(role))
"""


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None) -> Iterator[None]:
    """Let this process use a copy, in place of pytest-django, with which each would migrate."""
    folder = run.folder() / f"database-{os.environ.get('PYTEST_XDIST_WORKER', 'only')}"
    folder.mkdir()
    with own_database(folder, MIGRATED) as url:
        connection.close()  # a test before may have opened one to the database of the settings
        connection.settings_dict["NAME"] = database(Path("/"))(url)["NAME"]
        yield
        connection.close()


@contextmanager
def own_database(folder: Path, content: str = "") -> Iterator[str]:
    """Create a database of the kind of the test run, and yield its DATABASE_URL."""
    if os.environ.get("TEST_DATABASE") == "postgresql":
        template = postgresql_template(content) if content else "template1"
        with postgresql.fresh_database(template=template) as url:
            yield url
    else:
        file = folder / "db.sqlite3"
        if content:
            shutil.copy(sqlite_template(content), file)
        yield str(file)


def sqlite_template(content: str = MIGRATED) -> Path:
    """Return the file to copy."""
    file = run.folder() / f"{content}.sqlite3"
    with run.locked(file.name):
        if not file.exists():
            unfinished = file.with_suffix(".part")
            if content == PEOPLED:
                shutil.copy(sqlite_template(), unfinished)
            fill(str(unfinished), content)
            unfinished.rename(file)
    return file


def postgresql_template(content: str = MIGRATED) -> str:
    """Return the name of the database to copy on the run's server."""
    name, done = f"{content}_template", run.folder() / f"{content}.postgresql"
    with run.locked(done.name):
        if not done.exists():
            server = postgresql.server_url()
            template = postgresql_template() if content == PEOPLED else "template1"
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            fill(urlunsplit(urlsplit(server)._replace(path=f"/{name}")), content)
            done.touch()
    return name


def fill(database_url: str, content: str) -> None:
    """Run a command in a process of its own, so that no test has to be allowed to migrate."""
    # Static files are not needed, and collecting them takes longer.
    variables = environment(
        public_url="http://localhost", database_url=database_url, STATIC_ROOT=str(run.folder())
    )
    if content == PEOPLED:
        manage(variables, "shell", "-v", "0", "-c", ADD_PEOPLE)
    else:
        manage(variables, "migrate")
