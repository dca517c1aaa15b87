"""``manage.py audit_export``: write the audit log to standard output."""

import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from dashboard.audit import export
from dashboard.audit.forms import VISIBLE, LogForm
from dashboard.management.service import until_stopped

log = logging.getLogger(__name__)

PROGRESS = 1000  # entries between two signs of progress


class Command(BaseCommand):
    help = (
        "Write the audit log to standard output, oldest first: all of it, what the filters select,"
        " or with --cursor what is new since the last run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(export.FORMATS), default="jsonl")
        for name in VISIBLE:
            parser.add_argument(f"--{name}", help="as on the page of the log; days as YYYY-MM-DD")
        parser.add_argument(
            "--cursor",
            type=Path,
            metavar="FILE",
            help="keeps the position reached, so that the next run goes on there",
        )
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="with --cursor: repeat until stopped"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        form = LogForm({name: options[name] or "" for name in VISIBLE})
        if not form.is_valid():
            raise CommandError(form.errors.as_text())
        if options["cursor"] and form.applied:
            raise CommandError("A filter and --cursor exclude each other.")
        if options["every"] is not None and not options["cursor"]:
            raise CommandError("--every needs a --cursor.")
        now = timezone.now()
        export.record(options["format"], form.applied, by=None, now=now)
        if options["cursor"]:
            self.follow(options["cursor"], options["every"], options["format"])
        else:
            self.write(export.of_filter(form.log_filter(), now), options["format"])

    def follow(self, cursor: Path, every: float | None, name: str) -> None:
        """Write what is new; the cursor moves after the entries have been written."""
        with until_stopped(with_parent=False) as stop:
            while not stop.is_set():
                if every is None:
                    self.write_new(cursor, name)
                    return
                close_old_connections()
                try:
                    self.write_new(cursor, name)
                except DatabaseError:
                    log.exception("the log could not be read; it is tried again")
                stop.wait(every)

    def write_new(self, cursor: Path, name: str) -> None:
        text = cursor.read_text().strip() if cursor.exists() else ""
        if text and not text.isdigit():
            raise CommandError(f"{cursor} has no position: give the name of a new file.")
        position = int(text or 0)
        last = self.write(export.since(position), name) or position
        moved = cursor.with_name(f"{cursor.name}.new")
        moved.write_text(f"{last}\n")
        moved.replace(cursor)

    def write(self, entries: Iterable[dict[str, Any]], name: str) -> int:
        """Write entries; return the position of the last one, or 0 without any."""
        last = [0]

        def counted() -> Iterator[dict[str, Any]]:
            for number, entry in enumerate(entries, start=1):
                last[0] = entry["position"] or last[0]
                if number % PROGRESS == 0 and sys.stderr.isatty():
                    self.stderr.write(f"\r{number} entries", ending="")
                yield entry

        _content_type, lines = export.FORMATS[name]
        for line in lines(counted()):
            self.stdout.write(line, ending="")
        self.stdout.flush()
        return last[0]
