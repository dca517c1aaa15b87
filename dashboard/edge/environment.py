"""The one door through which the environment comes in.

``read`` gives a good value or stops the start with one sentence that names the variable.
How a text becomes a value is in ``values``; which variables there are is in the settings.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")


def read(
    name: str,
    parse: Callable[[str], Value],
    default: Value | None = None,
    *,
    remedy: str = "",
) -> Value:
    """The value of the variable ``name``, or of the file that ``NAME_FILE`` points to.

    Blank counts as missing, and a missing variable without a default is an error.
    ``parse`` raises ValueError with the rest of a sentence that begins with the name; it must
    not repeat a secret.

    Raises ImproperlyConfigured.
    """
    text = _text(name)
    if not text:
        if default is None:
            raise ImproperlyConfigured(f"{name} is not set. {remedy}".rstrip())
        return default
    try:
        return parse(text)
    except ValueError as exc:
        raise ImproperlyConfigured(f"{name} {exc}") from exc


def _text(name: str) -> str:
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return os.environ.get(name, "").strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as exc:
        why = f"{name}_FILE names a file that cannot be read: {exc.strerror}."
        raise ImproperlyConfigured(why) from exc
    except UnicodeDecodeError as exc:
        raise ImproperlyConfigured(f"{name}_FILE names a file that is not text.") from exc
