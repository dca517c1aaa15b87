"""Read settings from environment variables.

``read`` returns a valid value or aborts start-up with a message that names the variable.
``setting_readers`` converts text to values; ``dashboard.settings`` lists the variables.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")

asked: set[str] = set()  # names of the variables that were read


def read(
    name: str, parse: Callable[[str], Value], default: Value | None = None, *, remedy: str = ""
) -> Value:
    """Return the parsed value of variable ``name``, or of the file that ``NAME_FILE`` names.

    A blank variable counts as missing. ``parse`` raises ValueError with a message that continues
    after the variable's name and contains no secret.

    Raises ImproperlyConfigured for an invalid value, and for a missing one without a default.
    """
    text = read_text(name)
    if not text:
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set. {remedy}".rstrip())
        return default
    try:
        return parse(text)
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name} {exc}") from exc


def read_text(name: str) -> str:
    """Return the text of variable ``name`` or of its file, stripped; "" if neither is set."""
    asked.add(name)
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return os.environ.get(name, "").strip()
    try:
        text = Path(path).read_text(encoding="utf-8-sig").strip()
    except OSError as exc:
        message = f"{name}_FILE names a file that cannot be read: {exc.strerror}."
        raise ImproperlyConfigured(message) from exc
    except UnicodeDecodeError as exc:
        raise ImproperlyConfigured(f"{name}_FILE names a file that is not text.") from exc
    if not text:  # a secret that is not there yet must not give way to the default
        raise ImproperlyConfigured(f"{name}_FILE names a file that is empty.")
    return text
