from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from dashboard.edge import database
from dashboard.holds import settle
from dashboard.management.arguments import pause
from dashboard.management.service import until_stopped, watch_parent


class Command(BaseCommand):
    help = "Record expired holds, and finish interrupted changes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--every", type=pause, metavar="SECONDS", help="repeat until stopped; without it, once"
        )
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input is closed"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["every"] is None:
            self.stdout.write(f"{settle.settle_all(timezone.now())} left half-way")
            return
        with until_stopped() as stop:
            if options["with_parent"]:
                watch_parent(stop.set)
            while not stop.is_set():
                settle_or_log()
                stop.wait(options["every"])


def settle_or_log() -> None:
    """Settle; log a database error, so that a restart of the database does not end the service."""
    close_old_connections()
    try:
        settle.settle_all(timezone.now())
    except DatabaseError as fault:
        database.log_failure("settling", fault)
