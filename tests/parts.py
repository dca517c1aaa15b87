"""Real parts that a test needs: programs of the machine that pip cannot bring."""

from __future__ import annotations

import os
import shutil
from typing import TypeVar

import pytest

Found = TypeVar("Found")


def require(name: str, found: Found) -> Found:
    """Give back what was found. Nothing found skips the test with a reason, and fails it in CI."""
    if found:
        return found
    reason = f"{name} is not on this machine"
    if os.environ.get("CI"):
        pytest.fail(reason + ", and in CI nothing may be skipped", pytrace=False)
    pytest.skip(reason)


def program(name: str) -> str | None:
    """The path of a program, also where servers live, which is not on everybody's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")
