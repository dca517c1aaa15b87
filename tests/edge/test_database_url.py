"""DATABASE_URL of PostgreSQL, as libpq takes it."""

from pathlib import Path

import pytest

from dashboard.edge.setting_readers import SILENCE, database, postgresql

NAMED = ("USER", "PASSWORD", "HOST", "PORT", "NAME")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://me:pw@db/desk", ("me", "pw", "db", "", "desk")),
        ("postgresql://me:p%40%2F%3F%23%25@db/desk", ("me", "p@/?#%", "db", "", "desk")),
        ("postgresql://me:a:b@db:5433/desk", ("me", "a:b", "db", "5433", "desk")),
        ("postgresql://me@[2001:db8::1]:5433/desk", ("me", "", "2001:db8::1", "5433", "desk")),
        ("postgresql://me@h1:5432,h2:5433/desk", ("me", "", "h1,h2", "5432,5433", "desk")),
        ("postgresql://me@h1,h2/desk", ("me", "", "h1,h2", ",", "desk")),
        ("postgresql://%2Frun%2Fpostgresql/desk", ("", "", "/run/postgresql", "", "desk")),
        ("postgresql:///desk?host=/run/postgresql", ("", "", "/run/postgresql", "", "desk")),
        ("postgres:///desk", ("", "", "", "", "desk")),
    ],
)
def test_addresses_of_libpq(url, named):
    found = postgresql(url)
    assert tuple(found[name] for name in NAMED) == named


def test_standbys_are_left_out():
    primary = {"target_session_attrs": "read-write"}
    assert postgresql("postgresql://h1,h2/desk")["OPTIONS"] == SILENCE | primary
    given = {"target_session_attrs": "any", "connect_timeout": "9"}
    url = "postgresql://h1,h2/desk?target_session_attrs=any&connect_timeout=9"
    assert postgresql(url)["OPTIONS"] == SILENCE | given


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@hunter2@db/desk",
        "postgresql://me:hunter2/hunter2@db/desk",
        "postgresql://me:hunter2?hunter2@db/desk",
        "postgresql://me:hunter2#hunter2@db/desk",
        "postgresql://me:hunter2%zz@db/desk",
        "postgresql://me:hunter2@db:hunter2/desk",
        "postgresql://me:hunter2@db:0/desk",
        "postgresql://me:hunter2@h1:1,h2:99999/desk",
        "postgresql://me:hunter2@db/desk?hunter2=hunter2",
        "postgresql://me:hunter2@[db/desk",
        "postgresql://me:hunter2@db",
    ],
)
def test_refusal_repeats_no_secret(url):
    with pytest.raises(ValueError, match=r"^(is|has|must) ") as refused:
        postgresql(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("sign", ["@", "/", "?", "#", "%", "%zz"])
def test_sign_in_a_password_is_named_with_its_code(sign):
    with pytest.raises(ValueError, match=r"must be written as its code: .* % as %25"):
        postgresql(f"postgresql://me:pass{sign}word@db/desk")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("db.sqlite3", "/etc/db.sqlite3"),
        ("/var/db.sqlite3", "/var/db.sqlite3"),
        ("sqlite:///db.sqlite3", "/etc/db.sqlite3"),
        ("sqlite:////var/db.sqlite3", "/var/db.sqlite3"),
    ],
)
def test_sqlite_by_path_or_url(address, name):
    assert database(Path("/etc"))(address)["NAME"] == name


def test_options_of_libpq_and_defaults():
    read = database(Path("/srv/holdfast"))
    address = "postgresql://me:p%40ss@db.example.org:5433/desk?sslmode=verify-full"
    assert read(address) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "desk",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example.org",
        "PORT": "5433",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": SILENCE | {"sslmode": "verify-full"},
    }
