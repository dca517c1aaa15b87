"""A PostgreSQL for the length of a test run, from the machine's binaries.

All processes of a run share one server: the first that asks for it starts a keeper process, which
starts the server, waits for the end of the run's first process, however that ends, and then stops
the server and removes its folder.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import select
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

from tests import run
from tests.ports import free_ports

WAIT_SECONDS = 120
# Tests need no commit that outlives a power failure.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path | None:
    """Return the folder with initdb and postgres, the newest version first; None without one."""

    def version(folder: Path) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", folder.parent.name)]

    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return max(found, key=version) if found else Path(on_path).parent if on_path else None


@functools.cache
def server_url(*, durable: bool = False) -> str:
    """Return the address of the run's server, with its first database; start it if need be.

    A ``durable`` server is another one, with PostgreSQL's own settings.
    """
    kind = "durable" if durable else "fast"
    address = run.folder() / f"postgresql-{kind}"
    with run.locked(address.name):
        if not address.exists():
            address.write_text(start_keeper(kind))
    return address.read_text()


@contextlib.contextmanager
def fresh_database(*, durable: bool = False, template: str = "template1") -> Iterator[str]:
    """Give an empty database, or a copy; drop it afterwards, even if connections are open."""
    server = server_url(durable=durable)
    name = f"fresh_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def plain_user(url: str) -> str:
    """Add a user who may only use the public schema; return the database's address for them."""
    name, parts = f"desk_{secrets.token_hex(6)}", urlsplit(url)
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        connection.execute(f"GRANT CREATE ON SCHEMA public TO {name}")
    return urlunsplit(parts._replace(netloc=f"{name}:{name}@{parts.hostname}:{parts.port}"))


def start_keeper(kind: str) -> str:
    """Start a keeper; return the address that it prints."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.postgresql", kind],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C ends the run, and the end of the run ends the keeper
    )
    _keepers.append(keeper)
    address = keeper.stdout.readline().strip() if keeper.stdout else ""
    if not address:
        raise RuntimeError("PostgreSQL did not start; its messages are above")
    return address


_keepers: list[subprocess.Popen[str]] = []  # referenced, so that none is waited for


def keep(options: dict[str, str]) -> None:
    """Make a cluster, serve it until the run's first process ends, and remove it."""
    run_process = os.pidfd_open(run.first_process())
    folder = Path(tempfile.mkdtemp(prefix="holdfast-postgresql-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        server, address = serve(folder, options)
        try:
            print(address, flush=True)  # noqa: T201
            select.select([run_process], [], [])
        finally:
            server.send_signal(signal.SIGQUIT)  # immediately, without a checkpoint
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve(folder: Path, more: dict[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server with the folder's cluster, or a new one; return it and its address."""
    found = binaries()
    if found is None:
        sys.exit("PostgreSQL's initdb is not on this machine")
    password, data = folder / "password", folder / "data"
    if is_new := not data.exists():
        password.write_text(secrets.token_hex(16))
    secret, owner = password.read_text(), server_user(folder)
    if is_new:
        subprocess.run(
            [
                *(found / "initdb", "-D", data, "-U", "holdfast", "-E", "UTF8"),
                *("--locale=C", "-A", "scram-sha-256", f"--pwfile={password}", "--no-sync"),
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
        # Many tests are one transaction, and a busy machine may leave it alone for a while.
        "idle_in_transaction_session_timeout": "10min",
        "logging_collector": "off",
        **more,
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
    wait_for_server(server, address, folder / "log")
    return server, address


def server_user(folder: Path) -> dict[str, Any]:
    """Return who runs the server: as root it refuses to start, so the package's own user."""
    if os.geteuid() != 0:
        return {}
    for path in (folder, folder / "password"):
        shutil.chown(path, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": folder}


def wait_for_server(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return once the server answers; exit with its log if it does not."""
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
    keep(FAST if sys.argv[1] == "fast" else {})
