"""Run a command of ``manage.py`` in the process of the test."""

from __future__ import annotations

import io

from django.core.management import call_command


def output(command: str, *arguments: str, **options: object) -> str:
    """Return what the command writes to its standard output."""
    stdout = io.StringIO()
    call_command(command, *arguments, stdout=stdout, **options)
    return stdout.getvalue()
