"""Refusals of commands: one line that says what to do, and nothing done."""

from __future__ import annotations

import io
import shutil
import signal
import sqlite3
import sys
import threading
import time
import weakref
from argparse import ArgumentTypeError
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection

from dashboard.audit import origin
from dashboard.edge import database
from dashboard.management import arguments, command_line, demonstration
from dashboard.management.commands import backup, restore
from tests import postgresql
from tests.forking import run
from tests.migrated import sqlite_template
from tests.parts import require
from tests.serving import environment

WITHOUT_ROOM = "PRAGMA max_page_count = 1"  # as on a full disk
STRAY = "b\udcff"  # a byte that is not UTF-8, as Python reads it from arguments and pipes


def refusal(*arguments: str, **variables: str) -> str:
    """Return the one line that a failed command prints."""
    done = run(
        ["manage.py", *arguments], env=environment(public_url="http://localhost", **variables)
    )
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    return line


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, such as that of a mistyped DATABASE_URL."""
    if request.param == "sqlite":
        return str(tmp_path / "new.sqlite3")
    require("PostgreSQL", postgresql.binaries())
    return str(request.getfixturevalue("postgresql_url"))


@pytest.mark.slow
def test_database_without_tables_is_neither_used_nor_backed_up(
    new_database: str, tmp_path: Path
) -> None:
    for command in (["audit_checkpoint"], ["backup", str(tmp_path / "copy")]):
        line = refusal(*command, database_url=new_database)
        assert line == (
            "The database cannot be used: migrations are missing (all: see that DATABASE_URL names"
            " the right one); manage.py migrate adds them; see 'manage.py doctor'."
        )
    assert list(tmp_path.glob("copy*")) == []


@pytest.mark.slow
def test_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database" * 100)
    line = refusal("settle", database_url=str(tmp_path / "file"))
    assert line == "The database cannot be used: file is not a database; see 'manage.py doctor'."


@pytest.mark.slow
def test_database_without_what_holdfast_needs_gets_no_tables(tmp_path: Path) -> None:
    require("PostgreSQL", postgresql.binaries())
    ascii_only = "template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
    source = str(shutil.copy(sqlite_template(), tmp_path / "db.sqlite3"))
    with postgresql.fresh_database(template=ascii_only) as url:
        target = postgresql.plain_user(url)
        with psycopg.connect(url) as administrator:
            name = urlsplit(target).username
            administrator.execute(f"REVOKE CREATE ON SCHEMA public FROM {name}")
        for command, used in ((["migrate"], target), (["move_database", target], source)):
            variables = environment(public_url="http://localhost", database_url=used)
            done = run(["manage.py", *command], env=variables)
            assert done.returncode == 1
            assert "is not in UTF8.\n\tHINT: Create it with ENCODING 'UTF8'" in done.stderr
            assert "has no extension pg_trgm that its user sees or may create." in done.stderr
            assert "has no schema in which its user may create tables." in done.stderr


@pytest.mark.slow
def test_output_is_in_utf_8_in_every_locale(tmp_path: Path) -> None:
    variables = environment(public_url="http://localhost", database_url=str(tmp_path / "new"))
    done = run(["manage.py", "doctor"], env=variables | {"PYTHONIOENCODING": "latin-1"})
    assert "→ Run 'manage.py migrate'." in done.stdout
    assert "settling" not in done.stdout  # there is no table to ask


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (KeyboardInterrupt(), 130),
        (
            PermissionError(13, "Permission denied", "/srv/static"),
            "Not all was done: Permission denied (/srv/static).",
        ),
    ],
)
def test_command_that_ends_early_shows_no_traceback(
    fault: BaseException, said: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_arguments: list[str]) -> None:
        raise fault

    monkeypatch.setattr(command_line, "end_as_by_interrupt", lambda: None)  # the run's own stay
    monkeypatch.setattr(command_line, "execute_from_command_line", ended)
    monkeypatch.setattr(origin, "command", "")  # and back at the end
    with pytest.raises(SystemExit) as ends:
        command_line.run(["manage.py", "check"])
    assert ends.value.code == said


def test_log_has_what_an_operator_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[str] = []
    note: Any = lambda _arguments: recorded.append(origin.command)  # noqa: E731
    monkeypatch.setattr(command_line, "execute_from_command_line", note)
    monkeypatch.setattr(origin, "command", "")  # and back at the end
    for command in ("person", "settle", "serve"):
        command_line.run(["manage.py", command, "x"])
    assert recorded == ["manage.py person", "", ""]


@pytest.mark.parametrize("number", command_line.ENDING)
def test_signal_to_end_is_an_exception(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a backup removes its part, and a verification ends its processes.

    Where Python ignores the exception, as in the callback of an import, there is another one.
    """

    def ended(_arguments: list[str]) -> None:
        parts = {1}
        weakref.finalize(parts, signal.raise_signal, number)
        del parts
        threading.Event().wait(60)

    def start_slowly(thread: threading.Thread, start: Any = threading.Thread.start) -> None:
        start(thread)
        time.sleep(0.1)  # as on a busy machine

    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    monkeypatch.setattr(command_line, "execute_from_command_line", ended)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # it is put back
    monkeypatch.setattr(origin, "command", "")  # and back at the end
    former = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(SystemExit) as ends:
            command_line.run(["manage.py", "check"])
        assert ends.value.code == 128 + number
        signal.signal(number, signal.SIG_IGN)  # as by nohup
        command_line.end_as_by_interrupt()
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, former)


def test_failed_migration_shows_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that it is missing, which is true as well."""
    fault = ProgrammingError("no such column: colour")
    monkeypatch.setattr(command_line.health, "why_not_ready", lambda: "migrations are missing")
    assert command_line.why_unusable(fault, "migrate") == ""
    assert command_line.why_unusable(fault, "settle") == "migrations are missing"
    fault.__cause__ = psycopg.errors.InsufficientPrivilege("must be owner of table holds")
    assert command_line.why_unusable(fault, "migrate") == str(fault)


def test_refusal_of_each_address_is_told_once() -> None:
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect("host=127.0.0.1,127.0.0.2 port=1")
    told = database.error_text(refused.value)
    assert [told.count(f'server at "127.0.0.{last}"') for last in (1, 2)] == [1, 1]
    assert told.count("Is the server running") == 1


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((arguments.pause, text) for text in ("0", "-1", "nan", "inf", "1e9", "soon", "")),
        *((arguments.port, text) for text in ("-1", "65536", "http")),
        *((arguments.hold_number, text) for text in ("0", "9" * 20)),
        *(
            (arguments.address, text)
            for text in ("desk", "1.2.3.4:65536", "unix:a b;", "unix:run.sock", "[::1]", "a;b:80")
        ),
    ],
)
def test_argument_without_sense_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"^must be .*, not "):
        read(text)


@pytest.mark.parametrize("text", ["127.0.0.1:8000", "[::1]:0", "web-1:80", "unix:/run/a/web.sock"])
def test_address_to_listen_on(text: str) -> None:
    assert arguments.address(text) == text


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "password"), [(STRAY, "staffstaff12"), ("bob", STRAY * 10)])
def test_person_whose_name_or_password_is_no_text(
    name: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(password))
    with pytest.raises(CommandError, match="is not text in UTF-8"):
        call_command("person", "add", name, "--role", "Staff")


def test_end_of_input_at_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended() -> str:
        raise EOFError

    monkeypatch.setattr("dashboard.management.commands.person.read_password", ended)
    with pytest.raises(CommandError, match="No password was typed"):
        call_command("person", "add", "bob", "--role", "Staff")


@pytest.mark.django_db(transaction=True)
def test_full_disk_leaves_no_part_of_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "sqlite":  # pg_dump says so itself
        return
    connect = sqlite3.connect

    def connect_without_room(file: Path) -> sqlite3.Connection:
        copy = connect(file)
        copy.execute(WITHOUT_ROOM)
        return copy

    monkeypatch.setattr(backup.sqlite3, "connect", connect_without_room)
    with pytest.raises(CommandError, match=r"copy cannot be written: database or disk is full\.$"):
        call_command("backup", str(tmp_path / "copy"))
    assert list(tmp_path.iterdir()) == []


def test_failed_restore_does_not_repeat_the_statement() -> None:
    said = "pg_restore: error: must be owner of function f\nCommand was: CREATE FUNCTION f() AS …"
    with pytest.raises(CommandError, match=r"must be owner of function f$"):
        backup.run_postgresql(["sh", "-c", f"echo '{said}' >&2; exit 1"], "")


@pytest.mark.django_db(transaction=True)
def test_full_disk_restores_nothing(tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        return
    larger = shutil.copy(sqlite_template(), tmp_path / "copy")
    with closing(sqlite3.connect(larger)) as copy:
        copy.execute("CREATE TABLE larger AS SELECT zeroblob(1000000) AS content")
        copy.commit()
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_ROOM)
    try:
        with pytest.raises(CommandError, match=r"^Nothing was restored: .* disk is full\.$"):
            call_command("restore", str(larger), "--no-input")
    finally:
        connection.close()  # the next has room again
    assert "larger" not in connection.introspection.table_names()


def test_backup_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "copy").touch()
    monkeypatch.setattr(restore.os, "access", lambda *_: False)  # root may read all
    monkeypatch.setattr("builtins.input", lambda _question: pytest.fail("asked before"))
    with pytest.raises(CommandError, match="is no file that can be read"):
        call_command("restore", str(tmp_path / "copy"))


def test_secret_that_a_full_disk_cut_off_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    secret = demonstration.stored_secret(tmp_path / "secret")
    assert len(secret) > 50
    assert demonstration.stored_secret(tmp_path / "secret") == secret


def test_move_to_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # as of a night job
    with pytest.raises(CommandError, match="Give the address of an empty database"):
        call_command("move_database")


def test_move_asks_a_person_for_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "mysql://desk")  # not shown: a password
    with pytest.raises(CommandError, match="must be a path for SQLite"):
        call_command("move_database")
