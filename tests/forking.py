"""Run Python programs in forks of a process that has loaded the product and its libraries.

They have arguments, environment, settings, folder and output of their own, as if they were started
anew; but to load all modules takes longer than most of them run. What starts processes itself, such
as ``manage.py serve``, starts them anew.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from unittest import mock

from tests.run import folder as run_folder

WAIT_SECONDS = 120  # on a busy machine; only a fault takes as long
LISTENER = 99  # the number of the socket that is handed on
PROJECT = Path(__file__).resolve().parent.parent
# For programs that are started anew, in place of what a fork has loaded.
QUICK_WORK = {"PYTHONPATH": str(PROJECT / "tests" / "quick_work")}
# For the server's socket, because it is removed even where the run was killed.
RUN_FOLDER = str(run_folder())
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["__main__", "tests.preloaded"])


class Program:
    """A program that runs, with the methods of ``subprocess.Popen`` that tests use."""

    def __init__(
        self,
        arguments: list[str],
        *,
        env: Mapping[str, str],
        streams: tuple[Path, Path, Path],
        cwd: Path = PROJECT,
        listener: socket.socket | None = None,
    ) -> None:
        """Start it; ``streams`` are standard input, output and errors."""
        given = (arguments, dict(env), cwd, streams, listener)
        self._process = _server.Process(target=interpret, args=given)
        with mock.patch.object(tempfile, "tempdir", RUN_FOLDER):  # the first start makes a folder
            self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a forked program", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    arguments: list[str],
    *,
    env: Mapping[str, str],
    cwd: Path = PROJECT,
    stdin: str = "",
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run a program, given as to ``python``, until its end; capture its output."""
    with tempfile.TemporaryDirectory() as folder:
        streams = tuple(Path(folder) / name for name in ("input", "output", "errors"))
        given, output, errors = streams
        given.write_text(stdin)
        program = Program(arguments, env=env, streams=streams, cwd=cwd)
        try:
            code = program.wait(timeout)
        finally:
            program.kill()
        return subprocess.CompletedProcess(
            arguments, code, output.read_text(errors="replace"), errors.read_text(errors="replace")
        )


@contextmanager
def piped(
    arguments: list[str], *, env: Mapping[str, str], with_errors: bool = False
) -> Iterator[tuple[Program, TextIO, TextIO]]:
    """Run a program; yield it with its input to write to and its output to read.

    It must have ended, or end with its input, when the block ends. Its errors are in the output
    too, or among those of this process.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, output = (Path(folder) / name for name in ("input", "output"))
        for pipe in (given, output):
            os.mkfifo(pipe)
        errors = output if with_errors else Path(f"/proc/{os.getpid()}/fd/2")
        program = Program(arguments, env=env, streams=(given, output, errors))
        with given.open("w") as writing, output.open() as reading:
            yield program, writing, reading
            writing.close()
            program.wait(WAIT_SECONDS)


def interpret(
    arguments: list[str],
    environment: dict[str, str],
    folder: Path,
    streams: tuple[Path, Path, Path],
    listener: socket.socket | None,
) -> None:
    """Become the program: what ``python`` does with these arguments."""
    if listener:
        os.dup2(listener.fileno(), LISTENER)
        listener.close()
    for number, path in enumerate(streams):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND if number else os.O_RDONLY
        stream = os.open(path, flags, 0o600)
        os.dup2(stream, number)
        os.close(stream)
    # Anew, because one that was a file cannot be a pipe.
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = os.fdopen(0, encoding=encoding, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(arguments[1], {"__name__": "__main__"})
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
