from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from dashboard.audit import checkpoints, retention
from dashboard.audit.retention import RetentionError
from dashboard.management.terminal import read_secret


class Command(BaseCommand):
    help = (
        "After a change of SECRET_KEY, sign the records of retention with the present one, if the"
        " former one signed them. Asks for the former key, or reads it from standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoints",
            type=Path,
            metavar="FILE",
            help="print the lines of this file of checkpoints, signed with the present key",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        former_key = read_secret("Former SECRET_KEY: ")
        if former_key in {"", settings.SECRET_KEY}:
            raise CommandError("Give the SECRET_KEY from before the change.")
        file = options["checkpoints"]
        try:
            kept = checkpoints.read_file(file, former_key) if file else []
            renewed = retention.renew(former_key, timezone.now())
        except (ValueError, RetentionError) as error:
            raise CommandError(f"Nothing was signed. {error}") from error
        for checkpoint in kept:
            self.stdout.write(checkpoint.to_line())
        # Standard output is for the checkpoints.
        say = partial(self.stderr.write, style_func=str)
        say(f"Signed anew: {renewed} record{pluralize(renewed)} of retention.")
