"""Programs of the machine that tests need and pip cannot install."""

from __future__ import annotations

import os
import shutil
from typing import TypeVar

import pytest

Found = TypeVar("Found")


def require(name: str, found: Found) -> Found:
    """Return ``found``. If it is empty, skip the test with the reason; in CI, fail it."""
    if found:
        return found
    reason = f"{name} is not on this machine"
    if os.environ.get("CI"):
        pytest.fail(reason + ", and in CI nothing may be skipped", pytrace=False)
    pytest.skip(reason)


def program(name: str) -> str | None:
    """Return a program's path; also look where servers are, which not every PATH contains."""
    return shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")
