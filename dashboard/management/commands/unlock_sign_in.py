from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.accounts import throttling
from dashboard.management.arguments import client_address


class Command(BaseCommand):
    help = "End the waits after failed sign-ins, of one address or of all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--address", type=client_address, help="IP address, as the audit log shows it"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        address = str(options["address"] or "")
        ended = throttling.unlock(address, now=timezone.now())
        if not ended:
            self.stdout.write("There was no wait to end.")
            return
        self.stdout.write(f"Ended the waits of {address or 'all addresses'}.")
