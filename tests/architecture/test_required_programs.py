"""Programs that tests need: a missing one skips the test locally and fails it in CI."""

import psycopg
import pytest

from tests.parts import program, require


def test_present_program_is_returned():
    assert require("a shell", "/bin/sh") == "/bin/sh"


def test_missing_program_skips_with_its_name(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^a unicorn is not on this machine$"):
        require("a unicorn", program("a-unicorn"))


def test_missing_program_fails_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="a unicorn is not on this machine"):
        require("a unicorn", program("a-unicorn"))


def test_postgresql_fixture_is_an_empty_database(postgresql_url):
    with psycopg.connect(postgresql_url) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)
