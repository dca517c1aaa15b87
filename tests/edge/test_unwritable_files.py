"""A database file that the service may not write, met by ``manage.py check`` and the board."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forking import run
from tests.migrated import sqlite_template
from tests.serving import environment

pytestmark = pytest.mark.slow
STRANGER = 65534

# As the service's user: all modules are loaded before by doing the same, as root may own them.
REPORT = f"""
import os, resource, sys
import django
django.setup()
from django.core.checks import run_checks
from django.db import connection
from dashboard.edge import database
from dashboard.holds.models import Hold
Hold.objects.count()
database.check_writable(databases=["default"])
connection.close()
if sys.argv[1] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
elif os.geteuid() == 0:
    os.setegid({STRANGER})
    os.seteuid({STRANGER})
found = next(filter(None, (database.check_writable(databases=["default"]) for _ in range(20))), [])
print(*(f"{{each.id}} {{each.msg}}" for each in found), sep="; ")
print("reads" if Hold.objects.count() == 0 else "")
"""

# SQLite keeps its own files open, without a name.
TEMPORARY = """
import os
import django
django.setup()
from django.db import connection
from dashboard.edge import gunicorn
with connection.cursor() as cursor:
    cursor.execute("PRAGMA temp.cache_size = 1")
    cursor.execute("CREATE TEMP TABLE large AS SELECT randomblob(100000)")
    files = [os.readlink(each.path) for each in os.scandir("/proc/self/fd") if each.is_symlink()]
print(*(os.path.dirname(name) for name in files if "etilqs_" in name), gunicorn.worker_tmp_dir)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def report(folder: Path, kind: str) -> list[str]:
    database = shutil.copy(sqlite_template(), folder / "db.sqlite3")
    variables = environment(public_url="http://localhost", database_url=str(database))
    if kind == "file of another user":
        (folder / "db.sqlite3").chmod(0o444)
        folder.chmod(0o777)  # its -wal can be made, and the reads go on
    done = run(["-c", REPORT, kind], env=variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("kind", "said"),
    [("file of another user", "readonly database"), ("full", "")],
)
def test_check_reports_and_reads_go_on(folder: Path, kind: str, said: str) -> None:
    found, reads = report(folder, kind)
    assert found.startswith("edge.E001 The database 'default' takes no writes: ")
    assert said in found
    assert reads == "reads"


def test_temporary_files_need_no_tmp(tmp_path: Path) -> None:
    database = tmp_path / "db.sqlite3"
    variables = environment(public_url="http://localhost", database_url=str(database))
    # Not forked: SQLite reads where its files belong when it is loaded.
    command = [sys.executable, "-c", TEMPORARY]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path), "/dev/shm"]
