"""Run a command of ``manage.py``; what the operator has to mend is told in one message."""

from __future__ import annotations

import os
import signal
import sys
import threading
from io import FileIO, TextIOWrapper

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError, OperationalError, connection

from dashboard.audit import origin
from dashboard.edge import database, health
from dashboard.management import demonstration

WITHOUT_ENVIRONMENT = {"demo", "sandbox"}
HELP = {"--help", "-h"}
SERVING = {"serve", "settle"}  # what these do, Holdfast does by itself
# Exit codes that a shell gives a program for an unread pipe and for Ctrl-C.
UNREAD = 128 + signal.SIGPIPE
INTERRUPTED = 128 + signal.SIGINT
RESENT_AFTER = 1.0  # seconds
DENIED = "42501"  # PostgreSQL's code of what a user has no right to, as to migrate without owning
# Of ``kill``, ``timeout`` and systemd, and of a terminal that was closed.
ENDING = (signal.SIGTERM, signal.SIGHUP)


def run(arguments: list[str]) -> None:
    """Run a command of Django's command line. Raises SystemExit where it was not done.

    It ends without a message where its output is read no further, as by ``head``.
    """
    end_as_by_interrupt()
    open_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):  # an export is in UTF-8 in every locale
        # With PYTHONUNBUFFERED, what a pipe or a disk does not take at once would be lost without
        # an error: https://github.com/python/cpython/issues/85393
        if isinstance(sys.stdout.buffer, FileIO):
            sys.stdout = open(sys.stdout.fileno(), "w", buffering=1, closefd=False)  # noqa: SIM115
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    command = arguments[1] if len(arguments) > 1 else ""
    origin.command = "" if command in SERVING else f"manage.py {command}"
    try:
        execute(arguments, command)
    except ImproperlyConfigured as exc:
        sys.exit(str(exc))
    except DatabaseError as exc:
        if "--traceback" in arguments or not (reason := why_unusable(exc, command)):
            raise
        sys.exit(f"The database cannot be used: {reason}; see 'manage.py doctor'.")
    except OSError as exc:
        give_up_output()
        # What the command failed of may be behind an output that could not be written.
        if "--traceback" in arguments or isinstance(exc.__context__, Exception):
            raise
        if isinstance(exc, BrokenPipeError):
            sys.exit(UNREAD)
        where = f" ({exc.filename})" if exc.filename else ""
        sys.exit(f"Not all was done: {exc.strerror or repr(exc)}{where}.")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def execute(arguments: list[str], command: str) -> None:
    """Run the command with its settings, and let nothing that it printed be lost."""
    if command in WITHOUT_ENVIRONMENT:
        demonstration.prepare()
    try:
        _ = settings.BASE_DIR  # read now, or Django reports an unknown command instead
    except ImproperlyConfigured:
        if command not in {"", "help"} and HELP.isdisjoint(arguments):
            raise
        demonstration.use_made_up_settings()
    try:
        execute_from_command_line(arguments)
    finally:
        # A broken output would fail again, and hide what failed first.
        if not isinstance(sys.exception(), OSError):
            sys.stdout.flush()


def end_as_by_interrupt() -> None:
    """Let a signal to end remove what is half done and end the processes that were started.

    A signal that is ignored stays so, as with ``nohup``.
    """
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    sys.unraisablehook = send_again


def send_again(ignored: sys.UnraisableHookArgs) -> None:
    """Send a signal to end once more where Python ignored the exception that it became.

    Python can raise none from a callback, such as that of each import, nor from ``__del__``.
    """
    ended = ignored.exc_value
    if isinstance(ended, SystemExit | KeyboardInterrupt):
        number = getattr(ended, "code", INTERRUPTED) - 128
        # After the callback and this function, also where the machine is busy.
        timer = threading.Timer(RESENT_AFTER, os.kill, [os.getpid(), number])
        timer.daemon = True
        timer.start()
    else:
        sys.__unraisablehook__(ignored)


def open_closed_streams() -> None:
    """Give a standard stream that the caller closed an end that is empty and takes no results.

    Otherwise the next file that is opened, such as the database, would get its number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Writing to what is open for reading fails: no export is lost without a message.
            flags = os.O_WRONLY if name == "stderr" else os.O_RDONLY
            lowest_free = os.open(os.devnull, flags)
            os.set_inheritable(lowest_free, True)
            setattr(sys, name, open(lowest_free, mode, encoding="utf-8"))  # noqa: SIM115


def why_unusable(error: DatabaseError, command: str) -> str:
    """Return why the database cannot be used; "" for an error in what the command asked of it."""
    connection.close()  # the server may have ended it
    # A migration that failed is missing, and what matters is why it failed.
    reason = "" if command == "migrate" else health.why_not_ready()
    is_denied = getattr(error.__cause__, "sqlstate", "") == DENIED
    is_told = is_denied or isinstance(error, OperationalError)
    return reason or (database.error_text(error) if is_told else "")


def give_up_output() -> None:
    """Let Python write no more to a broken output when it ends, and so report it once only."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
