"""``manage.py doctor``: examine the whole installation."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.management.conditions import Condition, examine


class Command(BaseCommand):
    help = "Examine settings, database, disk, cal.com and clock; exit with 1 after an error."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of objects")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = list(examine(timezone.now()))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found], indent=2))
        else:
            self.stdout.write("\n".join(map(as_text, found)))
        if any(each.level == "error" for each in found):
            sys.exit(1)


def as_text(found: Condition) -> str:
    remedy = f"\n         → {found.remedy}" if found.remedy else ""
    return f"{found.level:8} {found.subject}: {found.text}{remedy}"
