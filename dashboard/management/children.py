"""Child processes that end with this process, however it ends.

Each child watches its standard input. Only this process holds the other end, so the pipe closes
even after SIGKILL, and the child ends itself.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import IO

STOP_TIMEOUT = 15  # seconds
MAX_LOG_EXCERPT = 2000  # characters


class ChildDiedError(Exception):
    """Unexpected end of a child; the message has the end of its log."""


class Children(ExitStack):
    """Start child processes; leaving the context stops them in the opposite order."""

    def __init__(self, project: Path, *, logs: Path) -> None:
        super().__init__()
        self.project = project
        self.logs = logs
        self.environment: dict[str, str] = {}
        self.running: list[tuple[str, subprocess.Popen[str]]] = []

    def start(self, name: str, command: list[str], *, pass_fds: list[int] | None = None) -> IO[str]:
        """Start a child whose stderr goes to ``{name}.log``; return its standard output."""
        with (self.logs / f"{name}.log").open("w") as log:
            child = subprocess.Popen(  # noqa: S603  (the callers pass constant commands)
                command,
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                pass_fds=pass_fds or (),
                start_new_session=True,  # Ctrl-C reaches only this process
            )
        self.running.append((name, child))
        self.callback(stop, child)
        if child.stdout is None:
            raise ChildDiedError(name)
        return child.stdout

    def check(self) -> None:
        """Raise ChildDiedError if a child has ended."""
        for name, child in self.running:
            if child.poll() is not None:
                excerpt = (self.logs / f"{name}.log").read_text(errors="replace")[-MAX_LOG_EXCERPT:]
                raise ChildDiedError(f"{name} ended with code {child.returncode}:\n{excerpt}")


def stop(child: subprocess.Popen[str]) -> None:
    """Close the standard input of a child and wait for its end; kill it after STOP_TIMEOUT."""
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout:
        child.stdout.close()
