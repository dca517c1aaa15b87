"""The product as operators run it: gunicorn with our configuration, in a process of its own."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

PROJECT = Path(__file__).resolve().parent.parent
WAIT_SECONDS = 30


@dataclass(frozen=True)
class Site:
    """A running server. ``url`` is where it listens, not what people type."""

    url: str
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes]

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of manage.py with the same environment; gives back what it printed."""
        return manage(self.environment, *arguments, stdin=stdin)


def environment(*, public_url: str, database_url: str, **more: str) -> dict[str, str]:
    """What an operator sets; nothing of the surroundings gets in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "PUBLIC_URL": public_url,
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_hex(32),
        "CALCOM_API_KEY": "cal_ownerfast0123456789",
        "OFFICE_TIME_ZONE": "Europe/Rome",
        "STATIC_ROOT": str(static_root()),
        **more,
    }


@functools.cache
def static_root() -> Path:
    """A folder with the collected static files, made once for the run."""
    kept = tempfile.TemporaryDirectory(prefix="holdfast-static-")
    _folders.append(kept)
    folder = Path(kept.name)
    needed = {"STATIC_ROOT": kept.name, "SECRET_KEY": secrets.token_hex(32)}
    needed |= {"PUBLIC_URL": "http://localhost", "CALCOM_API_KEY": "cal_none"}
    manage(os.environ | needed | {"DJANGO_SETTINGS_MODULE": "dashboard.settings"}, "collectstatic")
    return folder


_folders: list[tempfile.TemporaryDirectory[str]] = []  # removed with the process


def manage(variables: dict[str, str], *arguments: str, stdin: str = "") -> str:
    """Run a command of manage.py and give back what it printed.

    Raises RuntimeError with its complaint if it fails.
    """
    quiet = ["--no-input"] if arguments[0] in ("collectstatic", "migrate") else []
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, *quiet],
        cwd=PROJECT,
        env=variables,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {done.stderr}")
    return done.stdout


@contextlib.contextmanager
def serving(variables: dict[str, str], folder: Path, bind: str = "") -> Iterator[Site]:
    """Serve on a free port of loopback, or on ``bind`` (such as ``unix:/…``), until the end."""
    log = folder / "server.log"
    with _listener() as listener, log.open("wb") as output:
        command = [sys.executable, "-m", "gunicorn", "-c", "python:dashboard.edge.gunicorn"]
        process = subprocess.Popen(
            [*command, "--bind", bind or f"fd://{listener.fileno()}"],
            cwd=PROJECT,
            env=variables,
            stdout=output,
            stderr=output,
            pass_fds=[listener.fileno()],
        )
        port = listener.getsockname()[1]
    site = Site(f"http://127.0.0.1:{port}", variables, log, process)
    try:
        _wait(site, Path(bind.removeprefix("unix:")) if bind else None)
        yield site
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def _wait(site: Site, path: Path | None) -> None:
    """Until it listens, and then until it answers; raises RuntimeError with its log."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not _listens(site, path):
        if site.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(site.log.read_text(errors="replace"))
        time.sleep(0.05)
    transport = httpx.HTTPTransport(uds=str(path) if path else None)
    with httpx.Client(transport=transport, timeout=WAIT_SECONDS) as client:
        try:
            client.get(f"{site.url}/livez")
        except httpx.TransportError as exc:
            raise RuntimeError(site.log.read_text(errors="replace")) from exc


def _listens(site: Site, path: Path | None) -> bool:
    port = httpx.URL(site.url).port
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET) as probe:
        return probe.connect_ex(str(path) if path else ("127.0.0.1", port)) == 0
