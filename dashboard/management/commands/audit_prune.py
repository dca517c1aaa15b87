from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from dashboard.audit import checkpoints, retention, stream
from dashboard.audit.checkpoints import Checkpoint
from dashboard.audit.retention import Removable, RetentionError
from dashboard.calcom_state import rate_and_clock
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.management import terminal


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise ArgumentTypeError("must be a day as YYYY-MM-DD") from exc


class Command(BaseCommand):
    help = (
        "Remove the entries of the audit log that are older than AUDIT_RETENTION_DAYS or a date,"
        " after they were verified. What a run that was killed has left is removed first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--before", type=day, metavar="YYYY-MM-DD", help="instead of AUDIT_RETENTION_DAYS"
        )
        parser.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE",
            help="append the signed checkpoint of the last removed entry to this file first",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would go")

    def handle(self, *_: Any, **options: Any) -> None:
        now = timezone.now()
        certain = rate_and_clock.proven_local_now(now)
        try:
            before = retention.cutoff(options["before"], certain)
        except RetentionError as error:
            raise CommandError(str(error)) from error
        if not options["dry_run"]:
            record = checkpoints.latest_prune()
            self.delete(retention.delete_covered(), record.position if record else 0)
        found = retention.removable(before, Hold.OPEN, now=certain)
        entries = f"entr{pluralize(found.count, 'y,ies')}"
        if not found.count:
            self.stdout.write("Nothing to remove.")
        elif options["dry_run"]:
            self.stdout.write(f"{found.count} {entries} would go, {where(found)}.")
        else:
            keep = partial(append, options["checkpoint"])
            steps = retention.prune(found, before=before, by=None, now=now, keep=keep)
            self.delete(steps, found.last)
            self.stdout.write(f"Removed {found.count} {entries}, {where(found)}.")
        if found.obstacle:
            self.stdout.write(
                f"Older entries stay from entry {found.obstacle} on, whose action or hold is open."
            )

    def delete(self, steps: Iterator[int], last: int) -> None:
        """Take the steps of a deletion, and show how far it got; raise CommandError."""
        try:
            with terminal.progress_bar(self.stderr, lambda: (checkpoints.start()[0], last)) as show:
                for position in steps:
                    show(position)
        except (RetentionError, OSError) as error:
            raise CommandError(f"Nothing was removed: {error}") from error


def where(found: Removable) -> str:
    until = local_times.in_full(found.until) if found.until else ""
    return f"positions {found.first} to {found.last}, the latest of {until}"


def append(file: Path | None, checkpoint: Checkpoint) -> None:
    """Write a checkpoint to the disk, so that it is there before anything is removed."""
    if file is None:
        return
    with stream.appended(file) as kept:
        kept.write(checkpoint.to_line() + "\n")
        stream.sync(kept)
