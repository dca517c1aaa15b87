from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from dashboard.audit import checkpoints, export, log_verification, stream
from dashboard.audit.forms import ACTIONS, LAST_DAYS, OUTCOMES, LogForm
from dashboard.audit.stream import StreamError
from dashboard.edge import database
from dashboard.localization import local_times
from dashboard.management import terminal
from dashboard.management.arguments import pause
from dashboard.management.service import until_stopped


def codes(choices: Iterable[tuple[Any, Any]]) -> list[str]:
    """Return what can be given on the command line of the choices of a field."""
    return [str(value) for value, _label in choices if value]


# As on the page of the log.
FILTERS: dict[str, dict[str, Any]] = {
    "find": {"help": "words and terms, such as 'actor:ada outcome:refused'"},
    "person": {"help": "number of a person, or system; by name: --find actor:NAME"},
    "action": {"help": "such as release", "choices": codes(ACTIONS), "metavar": "ACTION"},
    "outcome": {"help": "how it ended", "choices": codes(OUTCOMES), "metavar": "OUTCOME"},
    "hold": {"help": "number of a hold"},
    "event": {"help": "number of an event type at cal.com"},
    "last": {"help": "days up to today", "choices": codes(LAST_DAYS)},
    "since": {"help": "first day", "metavar": "YYYY-MM-DD"},
    "until": {"help": "last day", "metavar": "YYYY-MM-DD"},
}


class Command(BaseCommand):
    help = (
        "Write the audit log to standard output, oldest first: all of it, what the filters select,"
        " or with --cursor what is new since the last run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(export.FORMATS), default="jsonl")
        for name, words in FILTERS.items():
            parser.add_argument(f"--{name}", **words)
        parser.add_argument(
            "--cursor",
            type=Path,
            metavar="FILE",
            help="keeps the position reached, so that the next run goes on there",
        )
        parser.add_argument(
            "--every", type=pause, metavar="SECONDS", help="with --cursor: repeat until stopped"
        )
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="with --cursor: append to this file, which other programs may move away",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        form = LogForm({name: options[name] or "" for name in FILTERS})
        if not form.is_valid():
            faults = [f"--{name}: {text}" for name in form.errors for text in form.errors[name]]
            raise CommandError(" ".join(faults))
        if options["cursor"] and form.applied:
            raise CommandError("A filter and --cursor exclude each other.")
        for name in ("every", "output"):
            if options[name] is not None and not options["cursor"]:
                raise CommandError(f"--{name} needs a --cursor.")
        if options["cursor"] and options["format"] != "jsonl":
            raise CommandError("A stream with --cursor is in JSON Lines.")
        try:
            self.export(form, options)
        except StreamError as error:
            raise CommandError(str(error)) from error

    def export(self, form: LogForm, options: dict[str, Any]) -> None:
        now, cursor = timezone.now(), options["cursor"]
        with stream.locked(cursor) if cursor else nullcontext():
            first = stream.position_of(cursor) + 1 if cursor else None
            export.record(options["format"], form.recorded, by=None, now=now, first=first)
            if cursor:
                self.follow(cursor, options["every"], options["output"])
            else:
                self.write(options["format"], form)
                if prune := checkpoints.latest_prune():
                    until = local_times.in_full(prune.until)
                    self.stderr.write(f"Without entries until {until}: retention removed them.")

    def follow(self, cursor: Path, every: float | None, file: Path | None) -> None:
        """Write what is new, once or until stopped."""

        def ends() -> tuple[int, int]:
            return stream.position_of(cursor), log_verification.total()

        with until_stopped() as stop:
            while not stop.is_set():
                try:
                    # Opened each time, so that it may be moved away as other logs are.
                    with (
                        stream.appended(file) if file else nullcontext(self.stdout) as output,
                        terminal.progress_bar(self.stderr, ends) as show,
                    ):
                        for position in stream.write_new(cursor, output):
                            show(position)
                            if stop.is_set():
                                break
                except DatabaseError as fault:
                    if every is None:
                        raise
                    database.log_failure("reading the log", fault)
                if every is None:
                    return
                stop.wait(every)
                close_old_connections()

    def write(self, format_name: str, form: LogForm) -> None:
        conditions = form.conditions()
        with terminal.progress_bar(self.stderr, lambda: export.ends(conditions)) as show:
            for block in export.of_actions(format_name, conditions):
                self.stdout.write(block.text, ending="")
                show(block.last)
        self.stdout.flush()
