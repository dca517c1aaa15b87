"""Help on commands, which can be read before anything is set."""

import os

import pytest

from tests.forking import run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["serve", "--help"], "usage: manage.py serve "),
        (["help", "audit_export"], "usage: manage.py audit_export "),
        (["--help"], "\nType 'manage.py help <subcommand>'"),
        ([], "\nType 'manage.py help <subcommand>'"),
    ],
)
def test_help_needs_no_setting(arguments, begins):
    for variables in ({}, {"SECRET_KEY": "too short", "PUBLIC_URL": "nonsense"}):
        done = run(["manage.py", *arguments], env={"PATH": os.environ["PATH"]} | variables)
        assert (done.returncode, done.stdout[: len(begins)]) == (0, begins)


@pytest.mark.parametrize("arguments", [["helps"], ["person", "add", "help"]])
def test_what_is_no_help_needs_the_settings(arguments):
    done = run(["manage.py", *arguments], env={"PATH": os.environ["PATH"]})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("SECRET_KEY is not set.")
