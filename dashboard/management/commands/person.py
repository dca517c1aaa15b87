"""``manage.py person``: add a person, change one, give one a new password. For the operator."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role


class Command(BaseCommand):
    help = "Add a person, change their role, give them a new password. The audit names the system."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="add a person; the password is asked for, or piped in")
        change = verbs.add_parser("change", help="change a person's role, or switch them on or off")
        password = verbs.add_parser("password", help="give a person a new password")
        for verb in (add, change, password):
            verb.add_argument("name", help="the name to sign in with")
        roles = [role.value for role in Role if role]
        add.add_argument("--role", choices=roles, required=True)
        change.add_argument("--role", choices=roles)
        change.add_argument("--active", choices=["yes", "no"])

    def handle(self, *_: Any, **options: Any) -> None:
        verb = {"add": self._add, "change": self._change, "password": self._password}
        try:
            verb[options["verb"]](options)
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc
        except people.PeopleError as exc:
            raise CommandError(str(exc.words)) from exc

    def _add(self, options: dict[str, Any]) -> None:
        person = people.add_person(
            username=options["name"],
            role=options["role"],
            password=_read_password(),
            by=None,
            now=timezone.now(),
        )
        self.stdout.write(f"Added {person.username} to {options['role']}.")

    def _change(self, options: dict[str, Any]) -> None:
        active = None if options["active"] is None else options["active"] == "yes"
        person = people.change_person(
            person=_known(options["name"]).pk,
            role=options["role"],
            is_active=active,
            by=None,
            now=timezone.now(),
        )
        self.stdout.write(f"Changed {person.username}.")

    def _password(self, options: dict[str, Any]) -> None:
        person = _known(options["name"])
        people.set_password(
            person=person.pk, password=_read_password(), by=None, now=timezone.now()
        )
        self.stdout.write(f"{person.username} has a new password, and is signed out everywhere.")


def _known(name: str) -> User:
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as exc:
        raise CommandError(f"Nobody has the name {name}.") from exc


def _read_password() -> str:
    """From the keyboard, twice and unseen; from a pipe, its first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password again: "):
        raise CommandError("The two passwords are not the same.")
    return password
