"""``manage.py settle``: record what time decided and finish what died half-way."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from dashboard.holds import settle
from dashboard.management.service import until_told

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Record what time decided, and finish changes that were broken off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="go on for ever; without it, once"
        )
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input is closed"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["every"] is None:
            self.stdout.write(f"{_settle()} left half-way")
            return
        with until_told(with_parent=options["with_parent"]) as told:
            while not told.is_set():
                _settle_or_log()
                told.wait(options["every"])


def _settle_or_log() -> None:
    """A database that is away for a while must not end the service."""
    close_old_connections()
    try:
        _settle()
    except DatabaseError:
        log.exception("settling failed; it is tried again")


def _settle() -> int:
    now = timezone.now()
    settle.settle_times(now)
    return settle.settle_changes(now)
