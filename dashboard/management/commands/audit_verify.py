from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from dashboard.audit import checkpoints, log_verification
from dashboard.audit.checkpoints import Checkpoint
from dashboard.audit.models import AuditPrune
from dashboard.edge import database
from dashboard.localization import local_times
from dashboard.management import terminal


class Command(BaseCommand):
    help = "Verify the audit log. Exits with 1 and names the first fault if it was tampered with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoints",
            type=Path,
            metavar="FILE",
            help="file with lines of audit_checkpoint, kept outside the database",
        )
        parser.add_argument(
            "--indexes",
            action="store_true",
            help="compare what the log is searched by, and the counts of the pictures, with the"
            " entries too",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        file = options["checkpoints"]
        try:
            kept = checkpoints.read_file(file) if file else []
        except ValueError as error:
            raise CommandError(str(error)) from error
        if file and not kept:
            raise CommandError("The file of checkpoints is empty: nothing was compared.")
        with terminal.progress_bar(self.stderr, lambda: (0, log_verification.total())) as show:
            verification = log_verification.verify_whole(
                kept, with_derived=options["indexes"], progress=show
            )
        try:
            log_verification.record(verification, by=None, now=timezone.now())
        except DatabaseError as error:  # of a replica, or of a copy that takes no writes
            self.stderr.write(f"The result could not be recorded: {database.error_text(error)}.")
        if verification.fault:
            raise CommandError(log_verification.sentence(verification.fault))
        number = verification.count
        verified = f"{number} entr{pluralize(number, 'y,ies')}"
        if compared := checkpoints.comparable(kept):
            verified += f" and {len(compared)} checkpoint{pluralize(compared)}"
        if options["indexes"]:
            verified += ", their actions, the counts and the text index"
        self.stdout.write(
            f"Verified {verified}: nothing was changed, removed or inserted. The last hash is"
            f" {verification.last_hash or 'none'}."
        )
        if prune := checkpoints.latest_prune():
            self.stdout.write(removed(prune, kept))
        if not compared:
            self.stdout.write(
                "Without a checkpoint kept elsewhere, this does not prove that the end was not cut"
                " off, or the chain computed anew by someone who may write to the database."
            )


def removed(prune: AuditPrune, kept: Sequence[Checkpoint]) -> str:
    """Say what retention removed, and what the proof of that rests on."""
    begin, _hash = checkpoints.start()
    older = sum(checkpoint.position < begin for checkpoint in kept)
    text = (
        f"Retention removed the entries up to position {prune.position}, written until"
        f" {local_times.in_full(prune.until)}. The chain goes on from there by a record that is"
        " signed with SECRET_KEY; what the removed entries said is not proven any more."
    )
    if older:
        text += f" {older} checkpoint{pluralize(older)} of them cannot be compared."
    if begin < prune.position:
        text += " Not all of them are deleted yet: run audit_prune."
    return text
