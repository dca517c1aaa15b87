from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.management import backup
from dashboard.management.questions import is_confirmed


class Command(BaseCommand):
    help = "Replace the whole database by a backup of the same kind. Stop Holdfast first."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what 'backup' wrote")
        parser.add_argument("--no-input", action="store_true", help="do not ask")

    def handle(self, *_args: Any, **options: Any) -> None:
        question = "This replaces all that is in the database. Type yes to go on: "
        if not options["no_input"] and not is_confirmed(question):
            raise CommandError("Nothing was changed.")
        backup.restore(options["file"], now=timezone.now())
        self.stdout.write(f"Restored: {backup.summary()}.")
        self.stdout.write("Now run 'manage.py verify_holds': cal.com may have gone on since.")
