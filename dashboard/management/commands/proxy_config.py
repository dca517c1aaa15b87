import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import Context, Engine

from dashboard.edge.gunicorn import bind
from dashboard.edge.public_address import PublicAddress
from dashboard.management.arguments import address

TEMPLATES = {
    "nginx": "nginx.conf",
    "caddy": "Caddyfile",
    "apache": "apache.conf",
    "traefik": "traefik.yml",
    "systemd": "holdfast.service",
}
UNIX = "unix:"


class Command(BaseCommand):
    help = "Print the configuration of a proxy in front of 'serve', or the unit that runs it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=sorted(TEMPLATES))
        parser.add_argument(
            "--bind",
            default=bind,
            type=address,
            metavar="ADDRESS",
            help="as given to 'serve' (default: %(default)s)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        public, bind = settings.PUBLIC_ADDRESS, options["bind"]
        text = configuration(options["kind"], address=public, bind=bind)
        self.stdout.write(text, ending="")


def configuration(kind: str, *, address: PublicAddress, bind: str) -> str:
    """Return the text for one of TEMPLATES; ``bind`` is HOST:PORT or unix:PATH.

    Raises CommandError if it cannot be made for this address.
    """
    socket = bind.removeprefix(UNIX) if bind.startswith(UNIX) else ""
    if not address.is_https and kind != "systemd":
        raise CommandError("PUBLIC_URL must begin with https:// for a proxy that ends TLS.")
    if socket and kind == "traefik":
        raise CommandError("Traefik connects to no unix socket: give --bind HOST:PORT.")
    database = settings.DATABASES["default"]
    is_sqlite = "sqlite" in database["ENGINE"]
    user_headers = (settings.REMOTE_USER_HEADER, settings.REMOTE_GROUPS_HEADER)
    values = {
        "address": address,
        "bind": bind,
        "socket": socket,
        "user_headers": [*filter(None, user_headers)],  # which no client may send
        "proxy": "unix" if socket else bind.rpartition(":")[0].strip("[]"),
        "project": settings.BASE_DIR,
        "python": sys.executable,
        "database_folder": str(Path(database["NAME"]).parent) if is_sqlite else "",
    }
    template = Engine.get_default().get_template(f"deployment/{TEMPLATES[kind]}")
    return str(template.render(Context(values, autoescape=False)))
