import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.management.terminal import read_secret


class Command(BaseCommand):
    help = "Add a person, change their role, or set a password. The audit log names this command."

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
        verbs = {"add": self.add, "change": self.change, "password": self.set_password}
        try:
            verbs[options["verb"]](options)
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc
        except people.PeopleError as exc:
            raise CommandError(str(exc.words)) from exc
        except UnicodeError as exc:
            raise CommandError("The name or the password is not text in UTF-8.") from exc
        except EOFError as exc:
            raise CommandError("No password was typed.") from exc

    def add(self, options: dict[str, Any]) -> None:
        person = people.add_person(
            username=options["name"],
            role=options["role"],
            password=read_password(),
            by=None,
            now=timezone.now(),
        )
        self.stdout.write(f"Added {person.username} to {options['role']}.")

    def change(self, options: dict[str, Any]) -> None:
        if not (options["role"] or options["active"]):
            raise CommandError("Nothing to change: give --role or --active.")
        fields: people.Fields = {}
        if options["active"]:
            fields["is_active"] = options["active"] == "yes"
        person = people.change_person(
            person=find_person(options["name"]).pk,
            role=options["role"],
            **fields,
            by=None,
            now=timezone.now(),
        )
        self.stdout.write(f"Changed {person.username}.")

    def set_password(self, options: dict[str, Any]) -> None:
        person = find_person(options["name"])
        people.set_password(person=person.pk, password=read_password(), by=None, now=timezone.now())
        self.stdout.write(f"{person.username} has a new password, and is signed out everywhere.")


def find_person(name: str) -> User:
    """Return a person by user name; raise CommandError."""
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as exc:
        raise CommandError(f"There is no person with the name {name}.") from exc


def read_password() -> str:
    """Ask for a password twice without echo, or read the first line of a pipe."""
    password = read_secret("Password: ")
    if sys.stdin.isatty() and password != read_secret("Password again: "):
        raise CommandError("The two passwords are not the same.")
    return password
