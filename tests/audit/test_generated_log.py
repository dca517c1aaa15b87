"""The log that ``tests.bench.log`` generates is one that Holdfast could have written."""

import shutil

import pytest

from tests.forking import run
from tests.migrated import sqlite_template
from tests.serving import environment

pytestmark = pytest.mark.slow  # starts two programs
ENTRIES = 300


def test_generated_log_is_intact(tmp_path):
    """No test runs the benchmarks, which would not notice a new column or another index."""
    variables = environment(
        public_url="http://127.0.0.1",
        database_url=str(shutil.copy(sqlite_template(), tmp_path / "db.sqlite3")),
        DJANGO_SETTINGS_MODULE="tests.bench.settings",
    )
    load = ["-m", "tests.bench.log", "--child", "load", str(ENTRIES)]
    for command in (load, ["manage.py", "audit_verify", "--indexes"]):
        done = run(command, env=variables)
        assert done.returncode == 0, done.stderr
    assert f"{ENTRIES} entries" in done.stdout
