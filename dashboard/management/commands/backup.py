from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from dashboard.management import backup


class Command(BaseCommand):
    help = "Copy the database to a new file, while Holdfast runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file")

    def handle(self, *_args: Any, **options: Any) -> None:
        backup.save(options["file"])
        self.stdout.write(f"{options['file']} is complete.")
