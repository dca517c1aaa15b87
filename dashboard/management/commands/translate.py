from contextlib import chdir
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.management.commands import makemessages

IGNORED = [".*", "tests", "static", "build", "*.egg-info"]


class MakeMessages(makemessages.Command):
    """Collect also texts marked by ``_lazy``, an alias of ``gettext_lazy`` in many modules."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_lazy"]


class Command(BaseCommand):
    help = (
        "Collect the texts of all sources into dashboard/locale, keep what is translated, and"
        " compile. What is new or has changed waits there for its translation: run it again"
        " after that. Needs GNU gettext."
    )
    requires_system_checks = []

    def handle(self, *_args: Any, **options: Any) -> None:
        shared = {"verbosity": options["verbosity"], "ignore_patterns": IGNORED}
        with chdir(settings.BASE_DIR):
            call_command(MakeMessages(), all=True, no_obsolete=True, add_location="file", **shared)
            call_command("compilemessages", **shared)
