"""``manage.py sandbox``: the stand-in for cal.com alone, on this machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboard.management.service import until_told
from dashboard.sandbox import Sandbox, World, demo_world, world_from
from dashboard.sandbox.running import announcement


class Command(BaseCommand):
    help = "Run a stand-in for cal.com's API on 127.0.0.1, to try, to train and to test."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=5555, help="of the API (default: 5555)")
        parser.add_argument(
            "--control-port", type=int, default=5556, help="of the control route (default: 5556)"
        )
        parser.add_argument("--state", type=Path, help="file that keeps the holds across restarts")
        parser.add_argument("--world", type=Path, help="JSON file of another world than the demo's")
        parser.add_argument(
            "--pause",
            type=float,
            default=0.005,
            help="seconds between cal.com's check and its write (default: 0.005)",
        )
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input ends"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        sandbox = Sandbox(
            _world(options["world"]),
            port=options["port"],
            control_port=options["control_port"],
            state_path=options["state"],
        )
        sandbox.pause = options["pause"]
        with until_told(with_parent=options["with_parent"]) as told:
            try:
                sandbox.start()
            except OSError as exc:
                raise CommandError(f"cannot listen on that port: {exc}") from exc
            try:
                self.stdout.write(announcement(sandbox))
                self.stdout.flush()
                told.wait()
            finally:
                sandbox.stop()


def _world(path: Path | None) -> World:
    if path is None:
        return demo_world(timezone.now().date())
    try:
        return world_from(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError) as exc:
        raise CommandError(f"{path} holds no world: {exc!r}") from exc
