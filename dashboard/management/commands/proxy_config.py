from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dashboard.edge.gunicorn import bind
from dashboard.edge.proxy_config import TEMPLATES, configuration
from dashboard.management.arguments import address


class Command(BaseCommand):
    help = "Print the configuration of a proxy in front of 'serve', or the unit that runs it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(TEMPLATES))
        parser.add_argument(
            "--bind", default=bind, type=address, help="as given to 'serve' (%(default)s)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            text = configuration(
                options["kind"], address=settings.PUBLIC_ADDRESS, bind=options["bind"]
            )
        except ValueError as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(text, ending="")
