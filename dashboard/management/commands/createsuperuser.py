"""Disable Django's ``createsuperuser``, which would write no audit entry."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError


class Command(createsuperuser.Command):
    help = "Disabled: 'manage.py person add NAME --role Admins' adds an Admin."

    def handle(self, *_: Any, **__: Any) -> None:
        raise CommandError(self.help)
