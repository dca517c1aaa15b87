"""Settings from environment variables, in real processes: start, or stop with one message."""

import json
import os
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.forking import run
from tests.serving import static_root

pytestmark = pytest.mark.slow

PROJECT = Path(settings.BASE_DIR)
GOOD = {
    "SECRET_KEY": "k" * 30 + "0123456789abcdefghij",
    "PUBLIC_URL": "https://desk.example.org/holds",
    "CALCOM_API_KEY": "cal_live_0123456789",
}
SHOW = """
import json, sys
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""


def start(*command, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given = kept | {"DJANGO_SETTINGS_MODULE": "dashboard.settings"} | environment
    return run(list(command), env=given)


def show(*names, **environment):
    done = start("-c", SHOW, *names, **(GOOD | environment))
    assert done.stderr == ""
    return json.loads(done.stdout)


def complaint(**environment):
    """Return the one line that a failed manage.py prints."""
    done = start("manage.py", "check", **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


@pytest.mark.parametrize("name", sorted(GOOD))
def test_missing_variable_stops_the_start(name):
    rest = {other: value for other, value in GOOD.items() if other != name}
    assert complaint(**rest).startswith(f"{name} is not set. ")
    assert complaint(**rest, **{name: "  "}).startswith(f"{name} is not set. ")


def test_path_out_of_reach_names_the_variable():
    unreachable = f"/{'x' * 300}/db.sqlite3"  # root may enter every folder
    assert complaint(**(GOOD | {"DATABASE_URL": unreachable})).startswith("DATABASE_URL ")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "maybe", "DEBUG must be on or off, not 'maybe'."),
        (
            "DEBUG",
            "on",
            "DEBUG shows the inside of the program to everyone who can reach PUBLIC_URL,"
            " so it works only where that is this machine itself.",
        ),
        (
            "SECRET_KEY",
            "hunter2",
            "SECRET_KEY must have at least 16 characters, better 50 random ones.",
        ),
        (
            "PUBLIC_URL",
            "desk.example.org",
            "PUBLIC_URL must be a whole address that begins with https:// or http://.",
        ),
        (
            "CALCOM_API_KEY",
            "'cal_live_0123456789'",
            "CALCOM_API_KEY must be a key of cal.com, in plain characters, without space or quote.",
        ),
        (
            "CALCOM_API_URL",
            "https://api.cal.com/v2/",
            "CALCOM_API_URL must end before /v2, which Holdfast adds itself.",
        ),
        (
            "CALCOM_API_URL",
            "https://api.cal.com?key=1",
            "CALCOM_API_URL must be a plain address, without a user, a ? or a #.",
        ),
        (
            "DATABASE_URL",
            "mysql://localhost/holdfast",
            "DATABASE_URL must be a path for SQLite, or begin with sqlite:// or postgresql://.",
        ),
        (
            "DATABASE_URL",
            "/no/such/folder/db.sqlite3",
            "DATABASE_URL must name a file in a folder that exists,"
            " not '/no/such/folder/db.sqlite3'.",
        ),
        (
            "DATABASE_URL",
            "sqlite://:memory:",
            "DATABASE_URL must name a file, as in sqlite:////var/lib/holdfast/db.sqlite3.",
        ),
        (
            "DATABASE_URL",
            "postgresql://user:secret@localhost:fifty/holdfast?sillymode=on",
            "DATABASE_URL is not a PostgreSQL address that can be read.",
        ),
        (
            "DATABASE_URL",
            "postgresql://user:half@secret@localhost/holdfast",
            "DATABASE_URL has a character in the user or the password that must be written as its"
            " code: @ as %40, / as %2F, ? as %3F, # as %23, % as %25.",
        ),
        (
            "DATABASE_URL",
            "postgresql://user:secret@localhost",
            "DATABASE_URL must end with the name of a database.",
        ),
        (
            "TRUSTED_PROXIES",
            "127.0.0.1 0.0.0.0/0",
            "TRUSTED_PROXIES covers 0.0.0.0/0: with so many trusted, anyone can forge addresses.",
        ),
        (
            "REMOTE_USER_HEADER",
            "X-Forwarded-User",
            "REMOTE_USER_HEADER needs TRUSTED_PROXIES:"
            " without them anyone could send the header and sign in as anyone.",
        ),
        (
            "OFFICE_TIME_ZONE",
            "Rome",
            "OFFICE_TIME_ZONE must be the IANA name of a time zone, not 'Rome'.",
        ),
        *(
            (
                "OFFICE_TIME_ZONE",
                name,
                f"OFFICE_TIME_ZONE must be the IANA name of a time zone, not {name!r}.",
            )
            for name in (
                "localtime",
                "Factory",
                "posixrules",
                "right/Europe/Rome",
                "UTC+2",
                "x" * 300,  # longer than a file's name may be
            )
        ),
        (
            "OFFICE_TIME_ZONE",
            "../../etc/passwd",
            "OFFICE_TIME_ZONE must be the IANA name of a time zone, not '../../etc/passwd'.",
        ),
        (
            "HOLD_MINUTES",
            "0",
            "HOLD_MINUTES must be a whole number from 1 to 120, not '0'.",
        ),
        (
            "HOLD_MINUTES",
            "121",
            "HOLD_MINUTES must be a whole number from 1 to 120, not '121'.",
        ),
        (
            "HOLD_MINUTES_MAX",
            "an hour",
            "HOLD_MINUTES_MAX must be a whole number from 1 to 10080, not 'an hour'.",
        ),
        ("STATIC_ROOT", "static", "STATIC_ROOT must be an absolute path, not 'static'."),
        (
            "SECRET_KEY_FILE",
            "/no/such/file",
            "SECRET_KEY_FILE names a file that cannot be read: No such file or directory.",
        ),
        ("DATABASE_URL_FILE", os.devnull, "DATABASE_URL_FILE names a file that is empty."),
    ],
)
def test_invalid_value_stops_the_start(name, value, sentence):
    assert complaint(**(GOOD | {name: value})) == sentence


def test_messages_repeat_no_secret():
    said = [
        complaint(**(GOOD | {"SECRET_KEY": "hunter2"})),
        complaint(**(GOOD | {"CALCOM_API_KEY": "hunter2 ü"})),
        complaint(**(GOOD | {"DATABASE_URL": "postgresql://me:hunter2@localhost:x/db"})),
        complaint(**(GOOD | {"CALCOM_API_URL": "https://me:hunter2@cal.example.org"})),
    ]
    assert [sentence for sentence in said if "hunter2" in sentence] == []


def test_server_stops_with_the_message_and_does_not_restart():
    options = ["-c", "python:dashboard.edge.gunicorn", "--bind", "127.0.0.1:0"]
    done = start("-m", "gunicorn", *options, **(GOOD | {"PUBLIC_URL": ""}))
    assert done.returncode == 3
    said = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert said == [
        "PUBLIC_URL is not set."
        " Give it the address people type, such as https://desk.example.org/holds."
    ]


def test_secret_from_a_file(tmp_path):
    (tmp_path / "key").write_text("\ufeff$tr4nge but long enough\r\n")  # as Windows writes it
    found = show("SECRET_KEY", SECRET_KEY_FILE=str(tmp_path / "key"))
    assert found == {"SECRET_KEY": "$tr4nge but long enough"}


def test_defaults_are_those_of_the_readme():
    """Compare those that are a value; the README tells the others in words."""
    row = re.compile(r"^\| (`[A-Z_`, ]+`) \| .+ \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
    told = {
        name.strip("`"): default.strip("`")
        for names, defaults in row.findall((PROJECT / "README.md").read_text())
        for name, default in zip(names.split(", "), defaults.split(", "), strict=False)
        if re.fullmatch(r"`[^` ]+`|\d+", default)
    }
    assert len(told) == 11
    shown = show(*told, "STATIC_ROOT")
    assert shown.pop("STATIC_ROOT") == str(PROJECT / ".static")
    assert told == {name: str(value).replace("False", "off") for name, value in shown.items()}


def test_default_minutes_stay_below_a_short_maximum():
    assert show("HOLD_MINUTES", HOLD_MINUTES_MAX="10") == {"HOLD_MINUTES": 10}


def test_settings_that_derive_from_public_url():
    names = [
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        "FORCE_SCRIPT_NAME",
        "STATIC_URL",
        "SESSION_COOKIE_NAME",
        "LANGUAGE_COOKIE_NAME",
        "SESSION_COOKIE_PATH",
        "CSRF_COOKIE_PATH",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_HSTS_SECONDS",
    ]
    assert show(*names) == {
        "ALLOWED_HOSTS": ["desk.example.org"],
        "CSRF_TRUSTED_ORIGINS": ["https://desk.example.org"],
        "FORCE_SCRIPT_NAME": "/holds",
        "STATIC_URL": "/holds/static/",
        "SESSION_COOKIE_NAME": "__Secure-holdfast_session_holds",
        "LANGUAGE_COOKIE_NAME": "__Secure-holdfast_language_holds",
        "SESSION_COOKIE_PATH": "/holds",
        "CSRF_COOKIE_PATH": "/holds",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31536000,
    }
    assert show(*names, PUBLIC_URL="http://desk.example.org:8080") == {
        "ALLOWED_HOSTS": ["desk.example.org"],
        "CSRF_TRUSTED_ORIGINS": ["http://desk.example.org:8080"],
        "FORCE_SCRIPT_NAME": None,
        "STATIC_URL": "/static/",
        "SESSION_COOKIE_NAME": "holdfast_session_8080",
        "LANGUAGE_COOKIE_NAME": "holdfast_language_8080",
        "SESSION_COOKIE_PATH": "/",
        "CSRF_COOKIE_PATH": "/",
        "SESSION_COOKIE_SECURE": False,
        "CSRF_COOKIE_SECURE": False,
        "SECURE_HSTS_SECONDS": 0,
    }


def test_debug_needs_no_public_url():
    assert show("DEBUG", "ALLOWED_HOSTS", DEBUG="on", PUBLIC_URL="") == {
        "DEBUG": True,
        "ALLOWED_HOSTS": ["127.0.0.1", "[::1]", "localhost"],
    }


def test_deployment_check_passes_without_warnings():
    check = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = start(*check, **GOOD, TRUSTED_PROXIES="127.0.0.1", STATIC_ROOT=str(static_root()))
    assert (done.returncode, done.stderr) == (0, "")


def test_command_without_its_database_says_so_in_one_message():
    away = "postgresql://me:hidden-word@127.0.0.1:1/name"
    done = start("manage.py", "audit_checkpoint", **GOOD, DATABASE_URL=away)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database cannot be used: connection failed: ")
    assert "hidden-word" not in done.stderr
