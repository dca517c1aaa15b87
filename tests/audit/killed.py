"""Kill a command at one moment after the other, as a process of its own.

    python -m tests.audit.killed MODULE COMMAND [ARGUMENT…]

Runs the command again and again in a child. The first one kills itself (SIGKILL) before the first
line of the module that it executes, the next one before the second, until one comes to its end.
Lines of functions that only read are passed over: a kill there leaves what one before them left.
Prints after each whether the log is intact: "intact", or the fault.
"""

import importlib
import os
import signal
import sys
from types import FrameType
from typing import Any

import django
from django.core.management import call_command
from django.db import connections

django.setup()
from dashboard.audit import checkpoints, log_verification  # noqa: E402

READING = {"moment", "cutoff", "removable", "first", "count", "entries_after"}
READING |= {"<listcomp>", "<dictcomp>"}  # in entries_after; frames of their own before Python 3.12


def die_at(file: str, number: int) -> None:
    """Kill this process before the line with this number, counted as they are executed."""
    left = iter(range(number))

    def watch(frame: FrameType, event: str, _arg: Any) -> Any:
        if frame.f_code.co_filename != file or frame.f_code.co_name in READING:
            return None
        if event == "line" and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return watch

    sys.settrace(watch)


def run_until_killed(file: str, number: int, arguments: list[str]) -> int:
    """Run the command in a child; return how it ended, 0 if it was not killed."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        die_at(file, number)
        try:
            call_command(*arguments)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def place() -> tuple[object, ...]:
    return checkpoints.latest_prune(), checkpoints.start()


def main() -> None:
    module, *arguments = sys.argv[1:]
    tested = importlib.import_module(module)
    tested.BATCH = 2  # type: ignore[attr-defined] # so that few entries are several batches
    file = str(tested.__file__)
    number, begin = 0, place()
    while True:
        ended = run_until_killed(file, number, arguments)
        if ended not in (0, -signal.SIGKILL):
            raise SystemExit(f"the command failed at line {number}")
        fault = log_verification.verify_from().fault
        print(fault or "intact", flush=True)  # noqa: T201
        if ended == 0:
            return
        # Where retention got further, each line is tried again from there.
        number = number + 1 if begin == place() else 0
        begin = place()


if __name__ == "__main__":
    main()
