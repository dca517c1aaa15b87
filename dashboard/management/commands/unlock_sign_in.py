from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.accounts import throttling


class Command(BaseCommand):
    help = "End the waits after failed sign-ins, of one address or of all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--address", default="", help="client address, as the audit shows it")

    def handle(self, *_: Any, **options: Any) -> None:
        ended = throttling.unlock(options["address"], now=timezone.now())
        if not ended:
            self.stdout.write("There was no wait to end.")
            return
        self.stdout.write(f"Ended the waits of {options['address'] or 'all addresses'}.")
