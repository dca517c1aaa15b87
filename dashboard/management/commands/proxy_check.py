from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dashboard.edge.diagnosis import rows
from dashboard.edge.proxy_probe import FORGED_ADDRESS, examine

OWN_PROXY = (
    f"\nThe client address {FORGED_ADDRESS} is what this command sent: it runs on a trusted proxy"
    " itself. For another machine it is that machine's."
)


class Command(BaseCommand):
    help = "Fetch PUBLIC_URL through the proxy and say what arrived, what is wrong, what mends it."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", nargs="?", help="address to try (default: PUBLIC_URL)")
        help_text = "host, or host:port, to connect to instead of what the DNS says"
        parser.add_argument("--address", default="", help=help_text)

    def handle(self, *_: Any, **options: Any) -> None:
        url = options["url"] or str(settings.PUBLIC_ADDRESS)
        faults, arrived = examine(url, options["address"])
        self.stdout.write(f"{url} arrived as" if arrived else url)
        for name, value in rows(arrived) if arrived else ():
            self.stdout.write(f"  {name:<20} {value}")
        if arrived and not faults and arrived.client == FORGED_ADDRESS:
            self.stdout.write(OWN_PROXY)
        for found in faults:
            self.stdout.write(f"\n{found.text}")
            for name, line in found.lines.items():
                self.stdout.write(f"  {name:<20} {line}")
        if faults:
            raise CommandError(f"Faults between browser and Holdfast: {len(faults)}.")
        self.stdout.write("\nNothing is wrong between browser and Holdfast.")
