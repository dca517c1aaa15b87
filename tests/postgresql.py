"""A PostgreSQL of our own for the length of a test run, from the machine's binaries.

The server is a child of a keeper process that reads its standard input: when the test run ends,
however it ends, the input closes and the keeper stops the server and removes its folder.
The first process that asks starts the server and leaves its address in the environment;
child processes find it there.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.ports import free_ports

ADDRESS = "TEST_POSTGRESQL_URL"
WAIT_SECONDS = 60


def binaries() -> Path | None:
    """The folder with initdb and postgres, the newest version first; None if there is none."""

    def version(folder: Path) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", folder.parent.name)]

    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return max(found, key=version) if found else Path(on_path).parent if on_path else None


@functools.cache
def server_url() -> str:
    """The address of the running server's first database; starts the server if need be."""
    if ADDRESS not in os.environ:
        os.environ[ADDRESS] = _start()
    return os.environ[ADDRESS]


@contextlib.contextmanager
def fresh_database() -> Iterator[str]:
    """An empty database of its own, gone afterwards with whoever is still connected to it."""
    name = f"fresh_{secrets.token_hex(6)}"
    _run(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server_url())._replace(path=f"/{name}"))
    finally:
        _run(f"DROP DATABASE {name} WITH (FORCE)")


def _run(sql: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(sql)


_keepers: list[subprocess.Popen[str]] = []  # referenced for ever: their input closes with us


def _start() -> str:
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.postgresql"],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    _keepers.append(keeper)
    address = keeper.stdout.readline().strip() if keeper.stdout else ""
    if not address:
        raise RuntimeError("PostgreSQL did not start; its own words stand above")
    return address


def _keep() -> None:
    """The keeper's whole life: make a cluster, serve it until the input ends, remove it."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-postgresql-"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the run; its end then ends us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        server, address = _serve(folder)
        try:
            print(address, flush=True)  # noqa: T201
            sys.stdin.read()
        finally:
            server.send_signal(signal.SIGQUIT)  # immediate: nothing here is worth a checkpoint
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    found = binaries()
    if found is None:
        sys.exit("PostgreSQL's initdb is not on this machine")
    secret = secrets.token_hex(16)
    (folder / "password").write_text(secret)
    owner = _not_root(folder)
    subprocess.run(
        [
            *(found / "initdb", "-D", folder / "data", "-U", "holdfast", "-E", "UTF8"),
            *("--locale=C", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        **owner,
    )
    (port,) = free_ports(1)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "logging_collector": "off",
    }
    settings = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [found / "postgres", "-D", folder / "data", *settings],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **owner,
        )
    address = f"postgresql://holdfast:{secret}@127.0.0.1:{port}/postgres"
    _wait(server, address, folder / "log")
    return server, address


def _not_root(folder: Path) -> dict[str, Any]:
    """The server refuses to run as root, so root hands it to the user the package made."""
    if os.geteuid() != 0:
        return {}
    for path in (folder, folder / "password"):
        shutil.chown(path, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": folder}


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    sys.exit(log.read_text(errors="replace"))


if __name__ == "__main__":
    _keep()
