"""Environment of ``manage.py demo``: its own folder, database and secret.

``manage.py`` calls ``prepare`` before anything needs a setting, so that the demo needs no
environment variables and never uses the operator's database or key. For help on a command, which
needs no setting at all, it calls ``use_made_up_settings``.
"""

import errno
import fcntl
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from dashboard.edge import environment

FOLDER = Path(__file__).resolve().parent.parent.parent / ".demo"
LOOPBACK = "127.0.0.1"
SECRET = re.compile(r"[\w-]{67}", re.ASCII)  # as secrets.token_urlsafe(50) makes it


def prepare(folder: Path = FOLDER) -> None:
    """Use the demo's folder, whatever settings the environment has."""
    folder.mkdir(mode=0o700, exist_ok=True)
    replace_settings(
        SECRET_KEY=stored_secret(folder / "secret"),
        DATABASE_URL=str(folder / "db.sqlite3"),
        STATIC_ROOT=str(folder / "static"),
        OFFICE_TIME_ZONE="Europe/Rome",
    )


def use_made_up_settings() -> None:
    """Let a command run that uses none of its settings."""
    replace_settings(SECRET_KEY=secrets.token_urlsafe(50))


def replace_settings(**values: str) -> None:
    """Replace the settings in the environment of this process and of its children."""
    inherited = os.environ.copy()
    os.environ.clear()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="dashboard.settings",
        PUBLIC_URL=f"http://{LOOPBACK}",
        CALCOM_API_KEY="cal_ownerfast0123456789",
        **values,
    )
    _ = settings.BASE_DIR  # read now, from these alone
    for name, value in inherited.items():  # what is no setting comes back
        if name.removesuffix("_FILE") not in {*environment.asked, "GUNICORN_CMD_ARGS"}:
            os.environ.setdefault(name, value)


def tell_children(name: str, value: str) -> None:
    """Set a variable of the child processes that start from now on."""
    os.environ[name] = value


def stored_secret(path: Path) -> str:
    """Return the secret of an earlier start, so that people stay signed in, or a new one."""
    path.touch(mode=0o600)
    secret = path.read_text(errors="replace")
    if not SECRET.fullmatch(secret):  # new, or damaged, as where the disk was full
        secret = secrets.token_urlsafe(50)
        path.write_text(secret)
    return secret


@contextmanager
def exclusive() -> Iterator[None]:
    """Lock the folder against a second demo; raise CommandError if it is locked."""
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise CommandError("A demonstration is running from this folder already.") from exc
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise CommandError."""
    is_ipv6 = ":" in host
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=is_ipv6)
    except (OSError, UnicodeError) as exc:
        raise CommandError(explain(exc, host, port)) from exc


def explain(exc: Exception, host: str, port: int) -> str:
    match getattr(exc, "errno", None):
        case errno.EADDRINUSE:
            return f"Port {port} is taken by another program: choose one with --port."
        case errno.EACCES:
            return f"Port {port} needs root: choose one above 1023 with --port."
        case errno.EADDRNOTAVAIL | socket.EAI_NONAME | socket.EAI_AGAIN:
            return f"{host} is no address of this machine."
    return f"Cannot listen on {host}, port {port}: {exc}."


def public_url(host: str, port: int) -> str:
    """Return the URL that people type; for a wildcard address that of the outgoing interface."""
    name = outgoing_address() if host in ("0.0.0.0", "::") else host  # noqa: S104
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def outgoing_address() -> str:
    """Return this machine's address for outgoing connections; loopback without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; selects the interface
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])
