import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from dashboard.audit import triggers
from dashboard.edge import health
from dashboard.edge.checks import check_collected
from dashboard.edge.gunicorn import bind, graceful_timeout
from dashboard.management.arguments import address
from dashboard.management.children import SERVER, SETTLE, Children
from dashboard.management.service import until_stopped

KILLED_AFTER = graceful_timeout + 5  # seconds


class Command(BaseCommand):
    help = "Serve Holdfast and settle holds, until SIGTERM. SIGHUP loads a new version."
    requires_system_checks = []  # expect_ready runs them, and those of the database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--bind",
            default=bind,
            type=address,
            metavar="ADDRESS",
            help="HOST:PORT or unix:PATH to listen on (default: %(default)s)",
        )
        parser.add_argument(
            "--check", action="store_true", help="only check that it can start, then end"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        self.expect_ready()
        if options["check"]:
            return
        with until_stopped() as stop:
            run(options["bind"], stop)

    def expect_ready(self) -> None:
        """Raise CommandError, SystemCheckError or DatabaseError if pages would fail."""
        self.check(databases=["default"])
        if reason := health.why_not_ready():
            raise CommandError(f"Holdfast cannot start: {reason}.")
        if triggers.differing_migrations(connection)[1]:
            raise CommandError(triggers.NEWER)
        for message in check_collected():
            raise CommandError(f"{message.msg} {message.hint}")
        connection.close()


def run(address: str, stop: threading.Event) -> None:
    """Run both processes until ``stop`` is set; raise CommandError if one of them ends."""
    reload = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: reload.set())
    with Children(timeout=KILLED_AFTER) as children:
        children.start("settle", SETTLE)
        children.start("server", [*SERVER, address])
        while not stop.wait(0.2):
            children.check()
            if reload.is_set():
                reload.clear()
                children.running["server"].send_signal(signal.SIGHUP)
                children.replace("settle", SETTLE)
