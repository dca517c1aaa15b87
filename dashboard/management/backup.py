"""Copy the database to a file and back, whichever of the two kinds it is."""

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.template.defaultfilters import pluralize

from dashboard.audit import evidence, trail
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold

DUMP = ["pg_dump", "--format=custom", "--encoding=UTF8", "--no-owner", "--no-privileges"]
# In one transaction: a restore that fails leaves the database as it was.
RESTORE = [
    *("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges"),
    *("--exit-on-error", "--single-transaction"),
]
# Only their owner, who may be an administrator, can replace these; they stay as they are.
KEPT = re.compile(r"\d+; \d+ \d+ (COMMENT - )?(EXTENSION|SCHEMA) ")


def save(file: Path) -> None:
    """Write a copy that is consistent while Holdfast runs; raise CommandError.

    The file appears when it is whole, and only its owner can read it.
    """
    if file.exists():
        raise CommandError(f"{file} exists already: give the name of a new file.")
    part = file.with_name(f"{file.name}.part")
    try:
        part.touch(mode=0o600)
        AuditEntry.objects.exists()  # fails in the new file of a mistyped DATABASE_URL
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


def restore(file: Path, *, now: datetime) -> None:
    """Replace the whole database by a copy, then migrate it; raise CommandError.

    The last entry of the log then says so: what came after the backup is gone from it.
    """
    if not (file.is_file() and os.access(file, os.R_OK)):
        raise CommandError(f"{file} is no file that can be read.")
    if connection.vendor == "sqlite":
        restore_sqlite(file)
    else:
        restore_postgresql(file)
    connection.close()
    call_command("migrate", verbosity=0, interactive=False)  # also makes the triggers again
    newest = AuditEntry.objects.newest_first().first()
    asked = {"file": file.name} | ({"newest": newest.at.isoformat()} if newest else {})
    trail.event(action=AuditEntry.Action.RESTORE, by=None, asked=asked, now=now)


def restore_sqlite(file: Path) -> None:
    """Write the pages of the copy into the file of DATABASE_URL, which keeps its owner."""
    connection.ensure_connection()
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        try:
            copy.execute("SELECT count(*) FROM dashboard_auditentry")
            fault = damage(copy)
        except sqlite3.DatabaseError as exc:
            raise CommandError(f"{file} is no backup of Holdfast on SQLite: {exc}.") from exc
        if fault:
            raise CommandError(f"{file} is damaged: {fault}.")
        try:
            copy.backup(connection.connection)
        except sqlite3.OperationalError as exc:
            raise CommandError(f"Nothing was restored: {exc}.") from exc


def restore_postgresql(file: Path) -> None:
    """Replace all tables and functions; the index of texts needs its extension before."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    lines = run_postgresql(["pg_restore", "--list"], str(file)).splitlines()
    with NamedTemporaryFile("w", encoding="utf-8") as chosen:
        chosen.write("\n".join(line for line in lines if not KEPT.match(line)))
        chosen.flush()
        run_postgresql([*RESTORE, f"--use-list={chosen.name}"], str(file))


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
        raise CommandError(f"{command[0]} failed: {exc.stderr.strip()}") from exc


def summary() -> str:
    """Count what the database has; the audit log is verified whole. Raises CommandError."""
    verification = evidence.verify_from()
    if verification.fault:
        raise CommandError(evidence.sentence(verification.fault))
    holds, entries = Hold.objects.count(), verification.count
    return (
        f"{holds} hold{pluralize(holds)} and"
        f" {entries} entr{pluralize(entries, 'y,ies')} of the audit log"
    )
