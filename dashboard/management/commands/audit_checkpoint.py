from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.audit import checkpoints


class Command(BaseCommand):
    help = (
        "Print a signed checkpoint of the audit log, one line of JSON. Append it to a file on"
        " another machine; 'audit_verify --checkpoints FILE' compares the log with it."
    )

    def handle(self, *_: Any, **_options: Any) -> None:
        self.stdout.write(checkpoints.latest(timezone.now()).to_line())
