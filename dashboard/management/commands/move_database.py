from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import no_style
from django.db import DatabaseError, connections, models, transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import trail, triggers
from dashboard.audit.models import AuditEntry
from dashboard.edge import setting_readers
from dashboard.edge.database import error_text
from dashboard.management.terminal import read_secret

ALIAS = "target"
ROWS = 1000  # in memory


class Command(BaseCommand):
    help = "Copy all rows to an empty database at URL, as in DATABASE_URL. Stop Holdfast first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", nargs="?", help="without it, read from standard input")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            # A password among the arguments would be seen by other users of the machine.
            url = options["url"] or read_secret("Address of the empty database: ").strip()
            if not url:
                raise CommandError("Give the address of an empty database.")
            config = setting_readers.database(settings.BASE_DIR)(url)
        except ValueError as exc:
            raise CommandError(f"The URL {exc}") from exc
        try:
            with connected(config):
                counts = move(now=timezone.now())
        except DatabaseError as exc:
            raise CommandError(f"Nothing was moved: {error_text(exc)}") from exc
        for label, number in counts.items():
            self.stdout.write(f"{number:8} {label}")
        self.stdout.write("Moved. Give DATABASE_URL this address, and start Holdfast.")


@contextmanager
def connected(config: dict[str, Any]) -> Iterator[None]:
    both = {"default": connections.settings["default"], ALIAS: config}
    connections.settings[ALIAS] = connections.configure_settings(both)[ALIAS]
    try:
        yield
    finally:
        connections[ALIAS].close()
        del connections[ALIAS], connections.settings[ALIAS]


def move(*, now: datetime) -> dict[str, int]:
    """Create the tables, copy all rows in one transaction, and return their numbers by model.

    The logs of both databases say so.

    Raises CommandError for a database that has rows already, or if a number differs.
    """
    call_command("migrate", database=ALIAS, verbosity=0, interactive=False, skip_checks=False)
    if AuditEntry.objects.using(ALIAS).exists() or User.objects.using(ALIAS).exists():
        raise CommandError("That database is in use by Holdfast already: give an empty one.")
    every, target = apps.get_models(include_auto_created=True), connections[ALIAS]
    triggers.drop(target)  # they would link and index the copied entries once more
    with transaction.atomic(), transaction.atomic(using=ALIAS):
        for each in (connections["default"], target):
            if each.vendor == "postgresql":
                with each.cursor() as cursor:  # each waits for the other
                    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        asked = {"database": target.vendor}
        trail.event(action=AuditEntry.Action.MOVE_DATABASE, by=None, asked=asked, now=now)
        connections["default"].check_constraints()  # PostgreSQL links the entry now, not at the end
        # What migrations and their signals made.
        tables = [model._meta.db_table for model in every]
        target.ops.execute_sql_flush(target.ops.sql_flush(no_style(), tables))
        counts = {model._meta.label: copy(model) for model in every}
        with target.cursor() as cursor:  # new keys follow the copied ones
            for statement in target.ops.sequence_reset_sql(no_style(), every):
                cursor.execute(statement)
    triggers.install(target)
    return counts


def copy(model: type[models.Model]) -> int:
    """Copy the rows with their keys; return how many there are. Raises CommandError."""
    rows = model._base_manager.using("default").order_by("pk")
    target = model._base_manager.using(ALIAS)
    read = rows.iterator(chunk_size=ROWS)
    while part := list(islice(read, ROWS)):
        target.bulk_create(part)
    wanted, found = rows.count(), target.count()
    if wanted != found:
        raise CommandError(
            f"Nothing was moved: {model._meta.label} has {found}, not {wanted} rows."
        )
    return found
