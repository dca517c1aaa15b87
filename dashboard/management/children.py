"""Child processes that end with this process, however it ends.

Each child watches its standard input. Only this process holds the other end, so the pipe closes
even after SIGKILL, and the child ends itself.
"""

import subprocess
import sys
import threading
from collections.abc import Collection
from contextlib import ExitStack, nullcontext
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

MAX_LOG_EXCERPT = 2000  # characters
PYTHON = [sys.executable, "-u"]
SETTLE = [*PYTHON, "manage.py", "settle", "--every", "5", "--with-parent"]
SERVER = [*PYTHON, "-m", "gunicorn", "-c", "python:dashboard.management.child_server", "--bind"]


class Children(ExitStack):
    """Start child processes; leaving the context stops them in the opposite order."""

    def __init__(self, *, logs: Path | None = None, timeout: float = 15) -> None:
        """Log to ``{name}.log`` in ``logs``, without it to the standard error of this process.

        ``timeout`` is in seconds: a child that takes longer to stop is killed.
        """
        super().__init__()
        self.logs = logs
        self.timeout = timeout
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], *, pass_fds: Collection[int] = ()) -> None:
        with (self.logs / f"{name}.log").open("w") if self.logs else nullcontext() as log:
            child = subprocess.Popen(  # noqa: S603  (the callers pass constant commands)
                command,
                cwd=settings.BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=pass_fds,
                start_new_session=True,  # Ctrl-C reaches only this process
            )
        self.running[name] = child
        self.callback(self.stop, child)

    def replace(self, name: str, command: list[str]) -> None:
        """Start a child anew without waiting for the old one to finish what it does."""
        old = self.running[name]
        threading.Thread(target=self.stop, args=[old], daemon=True).start()
        self.start(name, command)

    def check(self) -> None:
        """Raise CommandError if a child has ended, with the end of its log."""
        for name, child in self.running.items():
            if child.poll() is not None:
                raise CommandError(f"{name} ended with code {child.returncode}{self.log(name)}")

    def log(self, name: str) -> str:
        """Return the end of a child's log, or "." if it has no file."""
        if not self.logs:
            return "."
        return ":\n" + (self.logs / f"{name}.log").read_text(errors="replace")[-MAX_LOG_EXCERPT:]

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        """Close the standard input of a child and wait for its end; kill it after the timeout."""
        if child.stdin:
            child.stdin.close()
        try:
            child.wait(self.timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
