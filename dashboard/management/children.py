"""The processes of a demonstration, which end with it however it ends.

Each child watches its standard input. Its other end is ours alone, so when we are gone, even by
SIGKILL, it closes and the child ends by itself.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

SECONDS_TO_END = 15
LAST_WORDS = 2000  # characters


class ChildDiedError(Exception):
    """A part ended that should have run on; carries the last that it said."""


@dataclass
class Children:
    """Started in an order, ended in the opposite one."""

    project: Path
    logs: Path
    environment: dict[str, str] = field(default_factory=dict)
    _running: list[tuple[str, subprocess.Popen[str]]] = field(default_factory=list)

    def start(self, name: str, command: list[str], *, pass_fds: list[int] | None = None) -> IO[str]:
        """Start one; its complaints go to a log of its name. Gives back what it prints."""
        with (self.logs / f"{name}.log").open("w") as log:
            child = subprocess.Popen(  # noqa: S603  (the commands are our own)
                command,
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                pass_fds=pass_fds or (),
                start_new_session=True,  # Ctrl-C is for us; we end the children in order
            )
        self._running.append((name, child))
        if child.stdout is None:
            raise ChildDiedError(name)
        return child.stdout

    def check(self) -> None:
        """Raises ChildDiedError if one has ended."""
        for name, child in self._running:
            if child.poll() is not None:
                said = (self.logs / f"{name}.log").read_text(errors="replace")[-LAST_WORDS:]
                raise ChildDiedError(f"{name} ended with code {child.returncode}:\n{said}")

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for _, child in reversed(self._running):
            _end(child)
        self._running.clear()


def _end(child: subprocess.Popen[str]) -> None:
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout:
        child.stdout.close()
