"""Commands whose output is not read to its end, as by ``head``, or whose streams are closed."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.edge.test_environment import GOOD
from tests.forking import run
from tests.management.processes import unread_pipe
from tests.migrated import sqlite_template
from tests.serving import PROJECT, environment

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


@pytest.mark.parametrize(
    ("stream", "command", "said"),
    [
        ("stdin", ["restore", "manage.py"], (1, "CommandError: Nothing was changed.\n")),
        ("stdout", ["check"], (1, "Not all was done: Bad file descriptor.\n")),
        ("stdout", ["audit_export"], (1, "Not all was done: Bad file descriptor.\n")),
        ("stderr", ["check", "--deploy"], (0, "")),  # with warnings
    ],
)
def test_closed_stream_shows_no_traceback(stream, command, said, tmp_path):
    """Close it as a shell does by ``<&-``: no file of the command gets its number either."""
    number = ["stdin", "stdout", "stderr"].index(stream)
    database = str(shutil.copy(sqlite_template(), tmp_path / "new"))
    program = f"""
import os, sys
from dashboard.management import command_line
os.close({number})
sys.{stream} = None
try:
    command_line.run(["manage.py", *{command}])
finally:
    assert os.readlink("/proc/self/fd/{number}") == os.devnull
"""
    variables = environment(public_url="http://localhost", database_url=database)
    variables["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    done = run(["-c", program], env=variables)
    assert (done.returncode, done.stderr) == said
