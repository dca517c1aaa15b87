"""Disable Django's ``changepassword``, which would write no audit entry."""

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.core.management.base import CommandError


class Command(changepassword.Command):
    help = "Disabled: 'manage.py person password NAME' gives a person a new password."

    def handle(self, *_: Any, **__: Any) -> None:
        raise CommandError(self.help)
