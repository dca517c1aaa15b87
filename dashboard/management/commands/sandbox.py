import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.management.arguments import port
from dashboard.management.service import until_stopped
from dashboard.sandbox import Key, Sandbox, World, demo_world, read_world


class Command(BaseCommand):
    help = "Run a stand-in for cal.com's API on 127.0.0.1, to try, to train and to test."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=port, default=5555, help="of the API (default: 5555)")
        parser.add_argument(
            "--control-port", type=port, default=5556, help="of the control route (default: 5556)"
        )
        parser.add_argument("--state", type=Path, help="file that keeps the holds across restarts")
        parser.add_argument("--world", type=Path, help="JSON file of another world than the demo's")
        parser.add_argument(
            "--without-teams", action="store_true", help="answer 404 for teams as the open server"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        sandbox = stand_in(
            chosen_world(options["world"]),
            port=options["port"],
            control_port=options["control_port"],
            state_path=options["state"],
            has_teams=not options["without_teams"],
        )
        with until_stopped() as stop:
            try:
                sandbox.start()
            except OSError as exc:
                raise CommandError(f"cannot listen on that port: {exc}") from exc
            try:
                self.stdout.write(announcement(sandbox))
                self.stdout.flush()
                stop.wait()
            finally:
                sandbox.stop()


def stand_in(world: World, *, state_path: Path | None, **options: Any) -> Sandbox:
    """Return the sandbox, not yet started; raise CommandError for a damaged file of its state."""
    try:
        return Sandbox(world, state_path=state_path, **options)
    except (ValueError, KeyError, TypeError) as exc:
        text = f"{state_path} is damaged ({exc!r}). Remove it: its reservations are then gone."
        raise CommandError(text) from exc


def announcement(sandbox: Sandbox) -> str:
    """Return what people need to know, with the addresses in two lines that scripts read."""
    keys = [
        f"  {key.key}  {sandbox.world.user_by_id[key.user].username}, {allowance(key)}"
        for key in sandbox.world.keys
    ]
    lines = [f"sandbox {sandbox.url}", f"control {sandbox.control_url}", "", "API keys:", *keys]
    return "\n".join([*lines, "", "Ctrl-C ends it."])


def allowance(key: Key) -> str:
    return "expired" if key.expired else f"{key.limit} calls a minute"


def chosen_world(path: Path | None) -> World:
    if path is None:
        return demo_world(timezone.now().date())
    try:
        return read_world(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CommandError(f"{path} holds no world: {exc!r}") from exc
