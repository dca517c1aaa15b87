import os
import re
import sqlite3
from argparse import ArgumentParser
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.template.defaultfilters import pluralize
from django.utils import timezone

from dashboard.audit import log_verification, trail, triggers
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from dashboard.management.commands.backup import damage, run_postgresql
from dashboard.management.terminal import is_confirmed

# In one transaction: a restore that fails leaves the database as it was.
RESTORE = [
    *("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges"),
    *("--exit-on-error", "--single-transaction"),
]
# Only their owner, who may be an administrator, can replace these; they stay as they are.
KEPT = re.compile(r"\d+; \d+ \d+ (COMMENT - )?(EXTENSION|SCHEMA) ")


class Command(BaseCommand):
    help = "Replace the whole database by a backup of the same kind. Stop Holdfast first."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what 'backup' wrote")
        parser.add_argument("--no-input", action="store_true", help="do not ask")

    def handle(self, *_args: Any, **options: Any) -> None:
        file = options["file"]
        if not (file.is_file() and os.access(file, os.R_OK)):
            raise CommandError(f"{file} is no file that can be read.")
        question = "This replaces all that is in the database. Type yes to go on: "
        if not options["no_input"] and not is_confirmed(question):
            raise CommandError("Nothing was changed.")
        restore(file, now=timezone.now())
        self.stdout.write(f"Restored: {summary()}.")
        self.stdout.write("Now run 'manage.py verify_holds': holds may have changed at cal.com.")


def restore(file: Path, *, now: datetime) -> None:
    """Replace the whole database by a copy, then migrate it; raise CommandError.

    The last entry of the log then says so: what came after the backup is gone from it.
    """
    if connection.vendor == "sqlite":
        restore_sqlite(file)
    else:
        restore_postgresql(file)
    connection.close()
    if triggers.differing_migrations(connection)[1]:
        raise CommandError(triggers.NEWER)
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
    with connection.cursor() as cursor:  # or PgBouncer hands on a session without a search_path
        cursor.execute("RESET ALL")


def summary() -> str:
    """Count what the database has; the audit log is verified whole. Raises CommandError."""
    verification = log_verification.verify_from()
    if verification.fault:
        raise CommandError(log_verification.sentence(verification.fault))
    holds, entries = Hold.objects.count(), verification.count
    return (
        f"{holds} hold{pluralize(holds)} and"
        f" {entries} entr{pluralize(entries, 'y,ies')} of the audit log"
    )
