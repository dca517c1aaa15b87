"""Serve the product as in production: gunicorn with its configuration, in its own process."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests import forking, run
from tests.forking import LISTENER, QUICK_WORK, WAIT_SECONDS, Program
from tests.log_secrets import secrets_in
from tests.ports import free_ports

PROJECT = forking.PROJECT


@dataclass(frozen=True)
class Site:
    """A running server. ``url`` is where it listens, not its public address."""

    url: str
    environment: dict[str, str]
    log: Path
    process: Program

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of manage.py with the same environment; return its output."""
        return manage(self.environment, *arguments, stdin=stdin)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what an SQL query finds in the server's database."""
        url = self.environment["DATABASE_URL"]
        if url.startswith("postgresql"):
            with psycopg.connect(url) as database:
                return database.execute(query).fetchall()
        with contextlib.closing(sqlite3.connect(url)) as file:
            return file.execute(query).fetchall()


def environment(*, public_url: str, database_url: str, **more: str) -> dict[str, str]:
    """Return what an operator sets, and no other variable of this process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "PUBLIC_URL": public_url,
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_hex(32),
        "CALCOM_API_KEY": "cal_ownerfast0123456789",
        "OFFICE_TIME_ZONE": "Europe/Rome",
        "STATIC_ROOT": more.get("STATIC_ROOT") or str(static_root()),
        **more,
    }


@functools.cache
def static_root() -> Path:
    """Return a folder with the collected static files, made once for the run."""
    folder = run.folder() / "static"
    with run.locked("static"):
        if not folder.exists():
            needed = {"STATIC_ROOT": str(folder), "SECRET_KEY": secrets.token_hex(32)}
            needed |= {"PUBLIC_URL": "http://localhost", "CALCOM_API_KEY": "cal_none"}
            needed |= {"DJANGO_SETTINGS_MODULE": "dashboard.settings"}
            manage(os.environ | needed, "collectstatic")
    return folder


def manage(variables: dict[str, str], *arguments: str, stdin: str = "") -> str:
    """Run a command of manage.py; return its output.

    Raise RuntimeError with its error output if it fails.
    """
    quiet = ["--no-input"] if arguments[0] in ("collectstatic", "migrate") else []
    done = forking.run(["manage.py", *arguments, *quiet], env=variables, stdin=stdin)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def serving(variables: dict[str, str], folder: Path, bind: str = "") -> Iterator[Site]:
    """Serve on a free port of loopback, or on ``bind`` (such as ``unix:/…``), until the end."""
    with bound_socket() as listener:
        command = ["-m", "gunicorn", "-c", "python:dashboard.edge.gunicorn"]
        site = start(
            [*command, "--bind", bind or f"fd://{LISTENER}"],
            variables,
            folder,
            listener.getsockname()[1],
            listener,
        )
    yield from until_ended(site, Path(bind.removeprefix("unix:")) if bind else None)


@contextlib.contextmanager
def serving_with_settle(variables: dict[str, str], folder: Path) -> Iterator[Site]:
    """Serve by ``manage.py serve`` on a free port of loopback until the end."""
    [port] = free_ports(1)
    command = ["manage.py", "serve", "--bind", f"127.0.0.1:{port}"]
    yield from until_ended(start(command, variables | QUICK_WORK, folder, port))


def start(
    command: list[str],
    variables: dict[str, str],
    folder: Path,
    port: int,
    listener: socket.socket | None = None,
) -> Site:
    """Start a server with its log in the folder."""
    log = folder / "server.log"
    log.unlink(missing_ok=True)
    streams = (Path(os.devnull), log, log)
    process = Program(command, env=variables, streams=streams, listener=listener)
    return Site(f"http://127.0.0.1:{port}", variables, log, process)


def until_ended(site: Site, path: Path | None = None) -> Iterator[Site]:
    """Yield the site once it answers, then end it."""
    try:
        wait_for_server(site, path)
        yield site
    finally:
        site.process.terminate()
        site.process.wait(WAIT_SECONDS)
    assert secrets_in(site.log.read_text(errors="replace")) == []


def bound_socket() -> socket.socket:
    """Return a socket on a free port, not listening yet."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def wait_for_server(site: Site, path: Path | None) -> None:
    """Wait until the server answers. Raise RuntimeError with its log if it does not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_listening(site, path):
        if site.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(site.log.read_text(errors="replace"))
        time.sleep(0.02)
    transport = httpx.HTTPTransport(uds=str(path) if path else None, verify=False)
    with httpx.Client(transport=transport, timeout=WAIT_SECONDS) as client:
        try:
            client.get(f"{site.url}/livez")
        except httpx.TransportError as exc:
            raise RuntimeError(site.log.read_text(errors="replace")) from exc


def is_listening(site: Site, path: Path | None) -> bool:
    """Return whether the server takes connections, on its port or on the unix socket ``path``."""
    port = httpx.URL(site.url).port
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as probe:
        return probe.connect_ex(str(path) if path else ("127.0.0.1", port)) == 0
