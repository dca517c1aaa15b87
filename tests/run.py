"""A test run: the folder and the locks that all of its processes share.

pytest-xdist runs the tests in several worker processes, and tests start servers of their own.
The first process of a run makes the folder and removes it when it ends; all others find it by
the environment.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path

FOLDER = "TEST_RUN_FOLDER"
PROCESS = "TEST_RUN_PID"
PREFIX = "holdfast-run-"
NEW = 60  # seconds
LONGEST_PLACE = 50  # characters; the path of a socket has 107 at most

_until_the_end = ExitStack()


def folder() -> Path:
    """Return the folder of the run."""
    if FOLDER not in os.environ:
        remove_abandoned_folders()
        os.environ[FOLDER] = tempfile.mkdtemp(prefix=PREFIX, dir=place())
        os.environ[PROCESS] = str(os.getpid())
        _until_the_end.enter_context(locked("run"))
        # After multiprocessing has removed its own folder, which may be in this one (-100).
        Finalize(None, shutil.rmtree, args=(os.environ[FOLDER], True), exitpriority=-200)
    return Path(os.environ[FOLDER])


def place() -> str:
    """Return where the folders of runs are: a short path, as sockets in them need."""
    usual = tempfile.gettempdir()
    return usual if len(usual) <= LONGEST_PLACE else "/tmp"


def remove_abandoned_folders() -> None:
    """Remove the folders of killed runs: no process holds their lock any more.

    One that is new may be that of a run that has made its lock and is about to take it.
    """
    for lock in Path(place()).glob(f"{PREFIX}*/run.lock"):
        with suppress(OSError), lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - lock.stat().st_mtime > NEW:
                shutil.rmtree(lock.parent)


def first_process() -> int:
    """Return the id of the process that lasts as long as the run."""
    folder()
    return int(os.environ[PROCESS])


@contextmanager
def locked(name: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock of the run, with ``shared`` beside others who share it."""
    with (folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Let one test run: beside those of the other workers, or alone.

    A test that waits to be alone closes the gate, so that no further test begins before it.
    """
    with ExitStack() as until_it_runs, ExitStack() as until_it_ends:
        until_it_runs.enter_context(locked("gate", shared=not alone))
        until_it_ends.enter_context(locked("tests", shared=not alone))
        until_it_runs.close()
        yield
