#!/usr/bin/env python
"""Django's command line for Holdfast."""

import os
import signal
import sys
from io import TextIOWrapper

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError, OperationalError, connection

from dashboard.edge import health
from dashboard.management import demonstration

WITHOUT_ENVIRONMENT = {"demo", "sandbox"}
UNREAD = 128 + signal.SIGPIPE  # the exit code that a shell gives a program for an unread pipe


def main() -> None:
    """Run a command; report what the operator has to mend in one message.

    It ends without a message where its output is read no further, as by ``head``.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if isinstance(sys.stdout, TextIOWrapper):  # an export is in UTF-8 in every locale
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        if WITHOUT_ENVIRONMENT.intersection(sys.argv[1:2]):
            demonstration.prepare()
        _ = settings.BASE_DIR  # read now, or Django reports an unknown command instead
        try:
            execute_from_command_line(sys.argv)
        finally:
            if sys.stdout:  # None where it is closed
                sys.stdout.flush()
    except ImproperlyConfigured as exc:
        sys.exit(str(exc))
    except DatabaseError as exc:
        connection.close()  # the server may have ended it
        reason = health.why_not_ready()
        if not reason and not isinstance(exc, OperationalError):
            raise
        sys.exit(f"The database cannot be used: {reason or exc}; see 'manage.py doctor'.")
    except BrokenPipeError:
        give_up_output()
        sys.exit(UNREAD)
    except OSError as exc:
        give_up_output()
        where = f" ({exc.filename})" if exc.filename else ""
        sys.exit(f"Not all was done: {exc.strerror or exc}{where}.")
    except KeyboardInterrupt:
        sys.exit(130)  # what shells report for SIGINT


def give_up_output() -> None:
    """Let Python write no more to a broken output when it ends, and so report it once only."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
