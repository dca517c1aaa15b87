#!/usr/bin/env python
"""Django's command line for Holdfast."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

from dashboard.management import demonstration

WITHOUT_ENVIRONMENT = {"demo", "sandbox"}


def main() -> None:
    """Run a command; report an invalid setting, or a database that is away, in one message."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    if WITHOUT_ENVIRONMENT.intersection(sys.argv[1:2]):
        demonstration.prepare()
    try:
        _ = settings.BASE_DIR  # read now, or Django reports an unknown command instead
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:
        sys.exit(str(exc))
    except OperationalError as exc:
        sys.exit(f"The database cannot be used: {exc}")


if __name__ == "__main__":
    main()
