"""``manage.py backup``, ``restore`` and ``move_database``, on real databases of both kinds."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests import postgresql
from tests.edge.test_unwritable import unwritable
from tests.forking import run
from tests.migrated import postgresql_template, sqlite_template
from tests.parts import program, require
from tests.pgbouncer import pooled
from tests.serving import environment, manage

# New keys follow the copied ones, and the log is sound and guarded.
SHOW = """
from django.core.management import call_command
from tests.management.copying import add_hold, report
report()
add_hold("new")
call_command("check", databases=["default"])
call_command("audit_verify", indexes=True)
"""
# One connection is idle in its transaction while the other copies, without a limit for that.
WATCHED_MOVE = """
from django.core.management import call_command
from django.db import connection
from dashboard.management.commands import move_database

def limit():
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        return cursor.fetchone()[0]

def watched(model):
    meanwhile.add(limit())
    return copy(model)

before, meanwhile, copy, move_database.copy = limit(), set(), move_database.copy, watched
call_command("move_database")
print(meanwhile, limit() == before != "0")
"""
pytestmark = pytest.mark.slow


def copied(
    database_url: str, folder: Path, *arguments: str
) -> list[dict[str, list[dict[str, Any]]]]:
    """Return what was in the database after each step."""
    done = run(
        ["-m", "tests.management.copying", str(folder), *arguments],
        env=environment(public_url="http://localhost", database_url=database_url),
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def migrated_postgresql() -> Iterator[str]:
    require("PostgreSQL", postgresql.binaries())
    with postgresql.fresh_database(template=postgresql_template()) as url:
        yield url


@pytest.fixture
def postgresql_of_plain_user() -> Iterator[str]:
    """Give a migrated database, through PgBouncer, whose user did not create the extension."""
    require("PostgreSQL", postgresql.binaries())
    with postgresql.fresh_database() as url:
        own = postgresql.plain_user(url)
        with psycopg.connect(url) as administrator:
            administrator.execute("CREATE EXTENSION pg_trgm")
            administrator.execute(
                f"ALTER ROLE {urlsplit(own).username} SET client_encoding = LATIN1"
            )
        manage(environment(public_url="http://localhost", database_url=own), "migrate")
        with pooled(own) if program("pgbouncer") else nullcontext(own) as address:
            yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(shutil.copy(sqlite_template(), tmp_path / "db.sqlite3"))
    require("pg_dump", program("pg_dump"))
    return str(request.getfixturevalue("postgresql_of_plain_user"))


def test_restore_brings_back_exactly_the_backup(database_url: str, tmp_path: Path) -> None:
    before, later, restored, at_last = copied(database_url, tmp_path)
    assert [len(entries["AuditEntry"]) for entries in (before, later, at_last)] == [3, 7, 8]
    said = restored["AuditEntry"].pop()
    assert [said[name] for name in ("action", "actor_name", "outcome")] == [
        *("restore", "system", "ok")
    ]
    backup = restored["AuditEntry"].pop()
    assert (backup["action"], backup["asked"]) == ("backup", {"file": "copy"})
    newest = datetime.fromisoformat(said["asked"].pop("newest"))
    assert newest == datetime.fromisoformat(str(backup["at"]))
    assert said["asked"] == {"file": "copy"}
    for kind in ("AuditLink", "EntryText"):  # of these entries
        restored[kind] = restored[kind][: len(before[kind])]
    assert restored == before
    assert before != later
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy"]


def test_stream_does_not_go_on_in_a_restored_log(database_url: str, tmp_path: Path) -> None:
    """Its cursor is refused, also once the log is longer than before."""
    variables = environment(public_url="http://localhost", database_url=database_url)
    stream = ("audit_export", f"--cursor={tmp_path / 'cursor'}")
    manage(variables, "backup", str(tmp_path / "copy"))
    manage(variables, *stream)
    manage(variables, *stream)
    manage(variables, "restore", "--no-input", str(tmp_path / "copy"))
    for reason in ("the log ends at 2", "another hash of position 3"):
        with pytest.raises(RuntimeError, match=f"{reason}.* an older copy was restored"):
            manage(variables, *stream)
        manage(variables, "audit_export")


def test_move_to_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    source = str(shutil.copy(sqlite_template(), tmp_path / "db.sqlite3"))
    *_steps, at_sqlite = copied(source, tmp_path, postgresql_url)
    said = at_sqlite["AuditEntry"][-1]
    assert (said["action"], said["asked"]) == ("move_database", {"database": "postgresql"})
    variables = environment(public_url="http://localhost", database_url=postgresql_url)
    at_postgresql, checked = manage(variables, "shell", "-v", "0", "-c", SHOW).split("\n", 1)
    assert json.loads(at_postgresql) == at_sqlite
    assert "no issues" in checked  # the triggers are there
    assert "nothing was changed, removed or inserted" in checked
    with pytest.raises(RuntimeError, match="in use by Holdfast already"):
        manage(variables, "move_database", postgresql_url)


def test_log_moved_from_postgresql_can_be_verified(
    tmp_path: Path, migrated_postgresql: str
) -> None:
    source = environment(public_url="http://localhost", database_url=migrated_postgresql)
    target = source | {"DATABASE_URL": str(tmp_path / "moved.sqlite3")}
    said = manage(source, "shell", "-v", "0", "-c", WATCHED_MOVE, stdin=target["DATABASE_URL"])
    assert said.splitlines()[-1] == "{'0'} True"
    for variables in (source, target):
        assert "Verified 1 entry" in manage(variables, "audit_verify", "--indexes")


@pytest.mark.django_db(transaction=True)
def test_database_that_takes_no_writes_is_backed_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if connection.vendor == "postgresql":
        require("pg_dump", program("pg_dump"))
    with unwritable():
        call_command("backup", str(tmp_path / "copy"))
    assert "The backup could not be recorded: " in capsys.readouterr().err
    assert (tmp_path / "copy").exists()


@pytest.mark.django_db
def test_backup_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("kept")
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_text() == "kept"


@pytest.mark.django_db
def test_restore_refuses_another_file(tmp_path: Path) -> None:
    if connection.vendor != "sqlite":  # pg_restore refuses it itself
        return
    (tmp_path / "copy").write_text("no database" * 100)
    with pytest.raises(CommandError, match="is no backup of Holdfast"):
        call_command("restore", str(tmp_path / "copy"), "--no-input")


@pytest.mark.django_db
def test_restore_refuses_a_damaged_backup(tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        return
    copy = Path(shutil.copy(sqlite_template(), tmp_path / "copy"))
    with copy.open("r+b") as file:
        file.seek(-4096, os.SEEK_END)  # the last page
        file.write(bytes(4096))
    with pytest.raises(CommandError, match="disk image is malformed"):
        call_command("restore", str(copy), "--no-input")


def test_version_that_is_put_back_refuses_what_a_newer_one_made(tmp_path: Path) -> None:
    database, newer = (shutil.copy(sqlite_template(), tmp_path / name) for name in ("db", "newer"))
    with sqlite3.connect(newer) as file:
        file.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('dashboard', '9999', '')"
        )
    file.close()
    variables = environment(public_url="http://localhost", database_url=str(database))
    for command in (["restore", str(newer), "--no-input"], ["serve", "--check"]):
        with pytest.raises(RuntimeError, match="CommandError: A newer version of Holdfast"):
            manage(variables, *command)


@pytest.mark.parametrize("url", ["mysql://me:hunter2@db/desk", "postgresql://me:hun@ter2@db/desk"])
def test_move_refuses_an_address_without_its_secret(url: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("move_database", url)
    assert "ter2" not in str(refused.value)
