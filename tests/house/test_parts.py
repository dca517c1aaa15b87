"""The parts that tests stand on: a missing one is never passed over in silence in CI."""

import psycopg
import pytest

from tests.parts import program, require


def test_what_was_found_is_given_back():
    assert require("a shell", "/bin/sh") == "/bin/sh"


def test_a_missing_part_skips_with_its_name(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^a unicorn is not on this machine$"):
        require("a unicorn", program("a-unicorn"))


def test_a_missing_part_fails_in_ci(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="a unicorn is not on this machine"):
        require("a unicorn", program("a-unicorn"))


def test_each_test_gets_an_empty_postgresql_of_its_own(postgresql_url):
    with psycopg.connect(postgresql_url) as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)
