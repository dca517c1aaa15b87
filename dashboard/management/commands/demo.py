import secrets
import shutil
import signal
import socket
import time
from argparse import ArgumentParser
from itertools import cycle
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.calendars import catalogue, changes
from dashboard.calendars.models import Calendar
from dashboard.edge.checks import check_collected
from dashboard.edge.public_address import is_loopback
from dashboard.management import demonstration, examples
from dashboard.management.arguments import port
from dashboard.management.children import SERVER, SETTLE, Children
from dashboard.management.commands.sandbox import stand_in
from dashboard.sandbox import Sandbox, demo_world
from dashboard.sandbox.control import delay_command

PASSWORD = "holdfast-demo"  # noqa: S105  (only while no other machine can reach the demo)
PEOPLE = (("staff", Role.STAFF), ("admin", Role.ADMINS))


class Command(BaseCommand):
    help = "Try Holdfast on this machine: no cal.com, no set-up. Ctrl-C ends it, the data stays."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=port, default=8000, help="of the pages (default: 8000)")
        parser.add_argument("--host", default=demonstration.LOOPBACK, help="default: %(default)s")

    def handle(self, *_args: Any, **options: Any) -> None:
        # SIGINT too: a script's "&" starts programs with SIGINT ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            with demonstration.exclusive():
                self.run_demo(options["host"], options["port"])
        except KeyboardInterrupt:
            self.stdout.write("\nEnded. The next start finds everything as it is now.")

    def run_demo(self, host: str, port: int) -> None:
        with demonstration.listen(host, port) as listener:
            call_command("migrate", verbosity=0, interactive=False)
            if check_collected():  # compressing takes seconds
                shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
                call_command("collectstatic", verbosity=0, interactive=False)
            is_local = is_loopback(host)
            is_first_start = not User.objects.exists()
            if is_first_start:  # what people remove later stays removed
                enter_calendars()
            sign_ins = {name: set_up_person(name, role, is_local=is_local) for name, role in PEOPLE}
            url = demonstration.public_url(host, listener.getsockname()[1])
            with demo_sandbox() as sandbox, Children(logs=demonstration.FOLDER) as children:
                demonstration.tell_children("PUBLIC_URL", url)
                demonstration.tell_children("CALCOM_API_URL", sandbox.url)
                settings.CALCOM_API_URL = sandbox.url  # it was read before there was one
                # The stand-in is new to Holdfast, whose board gives no colours without its lists.
                catalogue.catalogue(now=timezone.now())
                if is_first_start:
                    examples.place_examples()
                start_children(children, listener)
                self.print_addresses(url, sign_ins, sandbox.control_url)
                while True:
                    children.check()
                    time.sleep(0.5)

    def print_addresses(self, url: str, sign_ins: dict[str, str], control: str) -> None:
        lines = [f"Holdfast is at {url}/", "", "Sign in as"]
        lines += [f"  {name} / {password}" for name, password in sign_ins.items()]
        lines += ["", "The times are those of a stand-in for cal.com on this machine,"]
        lines += [f"whose faults can be switched at {control}"]
        lines += ["For example, to let its next three answers take ten seconds each:"]
        lines += [f"  {delay_command(control)}", "", "Ctrl-C ends it."]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def demo_sandbox() -> Sandbox:
    """Return the stand-in for cal.com, whose threads this process has."""
    world, state = demo_world(timezone.now().date()), demonstration.FOLDER / "sandbox.json"
    return stand_in(world, state_path=state, has_teams=True)


def start_children(children: Children, listener: socket.socket) -> None:
    children.start("settle", SETTLE)
    server = [*SERVER, f"fd://{listener.fileno()}", "--graceful-timeout", "5"]
    children.start("server", server, pass_fds=[listener.fileno()])


def enter_calendars() -> None:
    """Enter the people and teams of the sandbox's world that its key may hold for."""
    now = timezone.now()
    world = demo_world(now.date())
    key = world.key_by_text[settings.CALCOM_API_KEY]
    owners = {each.owner for each in world.event_types}
    entries = [
        (Calendar.Kind.USER, user.username, user.name)
        for user in world.users
        if user.id in owners and world.share_a_team(key.user, user.id)
    ]
    entries += [
        (Calendar.Kind.TEAM, str(team.id), team.name)
        for team in world.teams
        if key.user in team.members
    ]
    colours = cycle(Calendar.Colour.values)
    for kind, reference, label in entries:
        colour = next(colours)
        changes.enter(kind=kind, reference=reference, label=label, colour=colour, now=now)


def set_up_person(name: str, role: Role, *, is_local: bool) -> str:
    """Create a person or update the password, which is random unless the demo is local.

    Return the password.
    """
    password = PASSWORD if is_local else secrets.token_urlsafe(12)
    person = User.objects.filter(username=name).first()
    if person is None:
        people.add_person(
            username=name,
            role=role,
            password=password,
            superuser=role == Role.ADMINS,
            by=None,
            now=timezone.now(),
        )
    elif not person.check_password(password):
        people.set_password(person=person.pk, password=password, by=None, now=timezone.now())
    return password
