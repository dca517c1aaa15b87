"""Commands whose output is not read to its end, as where it is piped into ``head``."""

import os
import subprocess
import sys

import pytest

from tests.edge.test_environment import GOOD
from tests.management.processes import unread_pipe
from tests.serving import PROJECT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_command_ends_without_a_message(command, tmp_path):
    """Hold also where the doctor has found errors, and Python writes what is left at its end."""
    empty = {"DATABASE_URL": str(tmp_path / "file"), "CALCOM_API_URL": "http://127.0.0.1:1"}
    output = unread_pipe()
    try:
        done = subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=PROJECT,
            env=os.environ | GOOD | empty,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(output)
    assert (done.returncode, done.stderr) == (141, "")
