#!/usr/bin/env python
"""Django's command line for Holdfast."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from dashboard.management import demonstration

NEED_NOTHING_SET = {"demo", "sandbox"}


def main() -> None:
    """Run a command; a setting that is wrong ends it with one sentence instead of a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if NEED_NOTHING_SET.intersection(sys.argv[1:2]):
        demonstration.prepare()
    try:
        _ = settings.BASE_DIR  # read now: Django would say that it does not know the command
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as wrong:
        sys.exit(str(wrong))


if __name__ == "__main__":
    main()
