#!/usr/bin/env python
"""Django's command line for Holdfast."""

import os
import signal
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

from dashboard.management import demonstration

WITHOUT_ENVIRONMENT = {"demo", "sandbox"}
UNREAD = 128 + signal.SIGPIPE  # the exit code that a shell gives a program for an unread pipe


def main() -> None:
    """Run a command; report an invalid setting, or a database that is away, in one message.

    It ends without a message where its output is read no further, as by ``head``.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if WITHOUT_ENVIRONMENT.intersection(sys.argv[1:2]):
        demonstration.prepare()
    try:
        _ = settings.BASE_DIR  # read now, or Django reports an unknown command instead
        try:
            execute_from_command_line(sys.argv)
        finally:
            if sys.stdout:  # None where it is closed
                sys.stdout.flush()
    except ImproperlyConfigured as exc:
        sys.exit(str(exc))
    except OperationalError as exc:
        sys.exit(f"The database cannot be used: {exc}")
    except BrokenPipeError:
        # Or Python reports it when it ends: https://docs.python.org/3/library/signal.html
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(UNREAD)


if __name__ == "__main__":
    main()
