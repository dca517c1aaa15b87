"""``manage.py translate``: bring every language up to date with the texts of the sources."""

from __future__ import annotations

from contextlib import chdir
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.management.commands import makemessages

NOT_OURS = [".*", "tests", "static", "build", "*.egg-info"]


class Collecting(makemessages.Command):
    """Django's own, which also knows the name that our modules give to ``gettext_lazy``."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_lazy"]


class Command(BaseCommand):
    help = (
        "Collect the texts of all sources into dashboard/locale, keep what is translated, and"
        " compile. What is new or has changed waits there for its translation: run it again"
        " after that. Needs GNU gettext."
    )
    requires_system_checks = []

    def handle(self, *_args: Any, **options: Any) -> None:
        told = {"verbosity": options["verbosity"], "ignore_patterns": NOT_OURS}
        with chdir(settings.BASE_DIR):
            call_command(Collecting(), all=True, no_obsolete=True, add_location="file", **told)
            call_command("compilemessages", **told)
