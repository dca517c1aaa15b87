"""PgBouncer in transaction mode, before a database of the test run."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.parts import program, require
from tests.ports import free_ports
from tests.postgresql import server_user
from tests.serving import WAIT_SECONDS

# Fewer connections than threads, so that transactions of one client use several.
CONFIGURATION = """\
[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
"""


@contextlib.contextmanager
def pooled(database_url: str) -> Iterator[str]:
    """Run PgBouncer; yield the address of the same database through it."""
    server = require("pgbouncer", program("pgbouncer"))
    parts = urlsplit(database_url)
    (own_port,) = free_ports(1)
    folder = Path(tempfile.mkdtemp(prefix="holdfast-pgbouncer-"))
    text = CONFIGURATION.format(port=parts.port, own_port=own_port, folder=folder)
    (folder / "pgbouncer.ini").write_text(text)
    (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
    (folder / "password").touch()  # server_user gives it to the server's user
    owner = server_user(folder)
    for name in ("pgbouncer.ini", "users"):
        if owner:
            shutil.chown(folder / name, owner["user"], owner["group"])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([server, folder / "pgbouncer.ini"], stderr=log, **owner)
    host = f"{parts.username}:{parts.password}@127.0.0.1:{own_port}"
    try:
        url = urlunsplit(parts._replace(netloc=host))
        wait_for(process, url, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2).close()
            return
        time.sleep(0.05)
    raise RuntimeError(log.read_text(errors="replace"))
