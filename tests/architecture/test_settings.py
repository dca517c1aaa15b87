"""Environment variables: each is read once, and the README documents exactly these."""

import ast
import os
import re
import subprocess
import sys

import pytest

from tests import run
from tests.architecture.source import PROJECT, modules

TABLE_ROW = re.compile(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", re.MULTILINE)


def setting_variables() -> list[str]:
    """Return the first argument of every call of ``read`` in the settings."""
    return [
        str(ast.literal_eval(node.args[0]))
        for node in ast.walk(ast.parse(modules()["dashboard.settings"]))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "read"
    ]


def test_each_variable_is_read_once():
    names = setting_variables()
    assert sorted(names) == sorted(set(names))
    assert "PUBLIC_URL" in names


def test_readme_documents_exactly_these_variables():
    rows = TABLE_ROW.findall((PROJECT / "README.md").read_text())
    documented = [name for row in rows for name in re.findall(r"[A-Z_]+", row)]
    assert sorted(documented) == sorted(setting_variables())


@pytest.mark.slow
def test_tests_do_not_use_the_settings_of_an_operator():
    """A shell that has them must not lead tests to the real cal.com or a real database."""
    own = {"CALCOM_API_URL": "https://cal.example.org", "DATABASE_URL_FILE": os.devnull}
    kept = {name: value for name, value in os.environ.items() if name != run.FOLDER}
    names = "print(settings.CALCOM_API_URL, settings.DATABASES['default']['ENGINE'])"
    shown = subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings; {names}"],
        env=kept | own | {"TEST_DATABASE": "sqlite"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout == "https://api.cal.com django.db.backends.sqlite3\n", shown.stderr
