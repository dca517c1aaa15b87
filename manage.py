#!/usr/bin/env python
"""Django's command line for Holdfast."""

import os
import sys

from dashboard.management import command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    command_line.run(sys.argv)


if __name__ == "__main__":
    main()
