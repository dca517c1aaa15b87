"""Copy the database to a file, whichever of the two kinds it is; ``restore`` copies it back."""

import os
import sqlite3
import subprocess
from argparse import ArgumentParser
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone

from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.edge import database

DUMP = ["pg_dump", "--format=custom", "--encoding=UTF8", "--no-owner", "--no-privileges"]


class Command(BaseCommand):
    help = "Copy the database to a new file, while Holdfast runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file")

    def handle(self, *_args: Any, **options: Any) -> None:
        if fault := save(options["file"], now=timezone.now()):
            self.stderr.write(f"The backup could not be recorded: {fault}.")
        self.stdout.write(f"{options['file']} is complete.")


def save(file: Path, *, now: datetime) -> str:
    """Write a copy that is consistent while Holdfast runs; raise CommandError.

    The file appears when it is whole, and only its owner can read it. Returns why the log does not
    have the backup, "" where it has.
    """
    if file.exists():
        raise CommandError(f"{file} exists already: give the name of a new file.")
    part = file.with_name(f"{file.name}.part")
    try:
        part.touch(mode=0o600)
        AuditEntry.objects.exists()  # fails in the new file of a mistyped DATABASE_URL
        fault = record(file, now=now)
        if connection.vendor == "sqlite":
            save_sqlite(part)
        else:
            run_postgresql(DUMP, f"--file={part}")
        part.replace(file)
    except OSError as exc:
        raise CommandError(f"{file} cannot be written: {exc.strerror}.") from exc
    except sqlite3.OperationalError as exc:
        raise CommandError(f"{file} cannot be written: {exc}.") from exc
    finally:
        part.unlink(missing_ok=True)
    return fault


def record(file: Path, *, now: datetime) -> str:
    """Write the audit entry, which is in the copy too; return why it cannot be written, or ""."""
    try:
        trail.event(action=AuditEntry.Action.BACKUP, by=None, asked={"file": file.name}, now=now)
    except DatabaseError as error:  # of a replica, or of a full disk
        return database.error_text(error)
    return ""


def save_sqlite(file: Path) -> None:
    """Copy by SQLite's own backup, which includes what is in the write-ahead log.

    https://www.sqlite.org/backup.html
    """
    connection.ensure_connection()
    with closing(sqlite3.connect(file)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a -wal beside it
        if fault := damage(copy):
            raise CommandError(f"The database is damaged: {fault}.")


def damage(copy: sqlite3.Connection) -> str:
    """Return what is wrong inside a database; "" for nothing."""
    (state,) = copy.execute("PRAGMA integrity_check").fetchone()
    return "" if state == "ok" else str(state)


def run_postgresql(command: list[str], file: str) -> str:
    """Run a program of PostgreSQL with the connection of DATABASE_URL; return what it prints.

    Raises CommandError. The password is in its environment, where other users cannot read it.
    """
    (_psql, *place, name), env = connection.client.settings_to_cmd_args_env(
        connection.settings_dict, []
    )
    try:
        return subprocess.run(  # noqa: S603 - a constant program
            [*command, *place, f"--dbname={name}", file],
            env=os.environ | (env or {}),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    except FileNotFoundError as exc:
        raise CommandError(f"{command[0]} is missing: install PostgreSQL's client.") from exc
    except subprocess.CalledProcessError as exc:
        # pg_restore repeats the statement that failed, such as a function with all its letters.
        reason = exc.stderr.partition("Command was:")[0].strip()
        raise CommandError(f"{command[0]} failed: {reason}") from exc
